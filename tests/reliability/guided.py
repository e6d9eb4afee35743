"""Coverage-guided inputs by Atheris (`pip install atheris`; the tests do without it) for one of the
targets of `targets.py`, or for all in turn:

    python -m tests.reliability.guided TARGET FOLDER --seconds 60
    python -m tests.reliability.guided all FOLDER --seconds 3600 --slot 60 --processes 2

FOLDER gets a corpus for each target, which the next call goes on from; a file of counts for each
call; and the shortest input of every kind of fault. Faults do not end a call.
"""

from __future__ import annotations

import argparse
import atexit
import itertools
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from .study import SOUND, Hung, judged

if TYPE_CHECKING:
    from .targets import Target

SECONDS_OF_ONE = 5.0
MEMORY_BYTES = 6 << 30
SECONDS_BETWEEN_COUNTS = 1.0


def file_name(target: str) -> str:
    """A target's name as that of a folder."""
    return re.sub(r"\W+", "_", target)


class Tally:
    """Counts the answers of one call, and keeps them in a file."""

    def __init__(self, folder: Path, target: str) -> None:
        self.folder, self.target = folder, target
        self.kinds: Counter[str] = Counter()
        self.slowest = 0.0
        self._begun = self._told = time.monotonic()
        self._shortest: dict[str, int] = {}
        self._file = folder / "counts" / f"{file_name(target)}-{os.getpid()}-{time.time_ns()}.json"
        self._file.parent.mkdir(exist_ok=True)

    def add(self, kind: str, content: bytes, seconds: float) -> None:
        """One more input."""
        self.kinds[kind] += 1
        self.slowest = max(self.slowest, seconds)
        if kind not in SOUND and len(content) < self._shortest.get(kind, len(content) + 1):
            self._shortest[kind] = len(content)
            number = list(self._shortest).index(kind)
            place = self.folder / f"fault-{file_name(self.target)}-{os.getpid()}-{number}"
            place.write_bytes(content)
            place.with_name(place.name + ".txt").write_text(kind)
        if time.monotonic() - self._told > SECONDS_BETWEEN_COUNTS:
            self.tell()

    def tell(self) -> None:
        """Writes the counts."""
        self._told = time.monotonic()
        told = {
            **{"target": self.target, "seconds": self._told - self._begun},
            **{"slowest": self.slowest, "kinds": self.kinds},
        }
        self._file.write_text(json.dumps(told))


def instrumented() -> dict[str, Target]:
    """The targets, all code of the package instrumented; this takes seconds, so that processes are
    forked after it.
    """
    import atheris

    with atheris.instrument_imports(include=["bmdsl"]):
        import bmdsl.api  # noqa: F401
        import bmdsl.data.load  # noqa: F401
        import bmdsl.driver
        import bmdsl.plan.building  # noqa: F401
        import bmdsl.runtime.initial_files  # noqa: F401
        import bmdsl.stacks.folder  # noqa: F401

        from .targets import TARGETS

        bmdsl.driver.vocabulary()
    return TARGETS


def fuzz(name: str, target: Target, folder: Path, seconds: int) -> None:
    """One target for so many seconds, in this process, which it ends."""
    import atheris

    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    place = Path(tempfile.mkdtemp(prefix="guided-", dir=memory))
    with atheris.instrument_imports(include=["bmdsl"]):
        (own := place / "files").mkdir()
        sound, examine = target.begin(own)
        for content in sound[:20]:
            examine(content)  # what is imported late is imported here
    tally = Tally(folder, name)

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hung

    def one(content: bytes) -> None:
        kind, spent = judged(partial(examine, content), SECONDS_OF_ONE)
        tally.add(kind, content, spent)

    (corpus := folder / "corpus" / file_name(name)).mkdir(parents=True, exist_ok=True)
    for k, content in enumerate(sound):
        (corpus / f"sound{k}").write_bytes(content)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    options = (
        *(f"-max_total_time={seconds}", f"-max_len={target.max_bytes}", "-timeout=0"),
        *("-rss_limit_mb=0", "-verbosity=0", "-close_fd_mask=3", "-reload=0"),
    )
    atheris.Setup([sys.argv[0], str(corpus), *options], one)
    signal.signal(signal.SIGPROF, stop)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    atexit.register(tally.tell)
    atheris.Fuzz()


def in_turn(folder: Path, seconds: float, slot: int, processes: int) -> None:
    """All targets, a slot each, again and again; a process that dies is told."""
    targets = instrumented()
    end = time.monotonic() + seconds
    _, spent, _ = counted(folder)
    names = itertools.cycle(sorted(targets, key=lambda name: spent[name]))
    running = dict[int, str]()
    while running or time.monotonic() < end - 5:
        while len(running) < processes and (left := int(end - time.monotonic())) > 5:
            name = next(names)
            child = os.fork()
            if not child:
                fuzz(name, targets[name], folder, min(slot, left))
                os._exit(0)
            running[child] = name
        if running:
            child, status = os.wait()
            name = running.pop(child)
            if status:
                code = os.waitstatus_to_exitcode(status)
                print(f"{name}: the process ended with {code}", flush=True)
    told(folder)


def counted(folder: Path) -> tuple[dict[str, Counter[str]], Counter[str], dict[str, float]]:
    """By target: kinds of answer, seconds, the slowest input, over all calls of a folder."""
    counts: dict[str, Counter[str]] = {}
    spent: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    for path in sorted((folder / "counts").glob("*.json")):
        one = json.loads(path.read_text())
        name = one["target"]
        counts.setdefault(name, Counter()).update(one["kinds"])
        spent[name] += one["seconds"]
        slowest[name] = max(slowest.get(name, 0.0), one["slowest"])
    return counts, spent, slowest


def told(folder: Path) -> None:
    """Prints what the calls of a folder counted."""
    counts, spent, slowest = counted(folder)
    for name, kinds in counts.items():
        faults = sum(n for kind, n in kinds.items() if kind not in SOUND)
        print(
            f"{name:24} {kinds.total():12,} inputs, {kinds['fine']:11,} fine, {faults:6,} faults,"
            f" {spent[name]:6.0f} s, slowest {slowest[name]:.1f} s"
        )
        for kind, n in kinds.most_common():
            if kind not in SOUND:
                print(f"    {n:9,}  {kind}")
    print(f"{sum(x.total() for x in counts.values()):,} inputs")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", help="a target's name, `all`, or `told` for the counts so far")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--slot", type=int, default=60)
    parser.add_argument("--processes", type=int, default=1)
    words = parser.parse_args()
    words.folder.mkdir(parents=True, exist_ok=True)
    if words.target == "told":
        told(words.folder)
    elif words.target == "all":
        in_turn(words.folder, words.seconds, words.slot, words.processes)
    else:
        fuzz(words.target, instrumented()[words.target], words.folder, words.seconds)


if __name__ == "__main__":
    main()
