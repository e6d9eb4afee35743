"""Coverage-guided inputs by Atheris (`pip install atheris`; the tests do without it) for one of the
targets of `targets.py`, or for all in turn:

    python -m tests.reliability.guided TARGET FOLDER --seconds 60
    python -m tests.reliability.guided all FOLDER --seconds 3600 --slot 60 --processes 2
    python -m tests.reliability.guided all FOLDER --area parser --area checker
    python -m tests.reliability.guided told FOLDER --into docs/tables/inputs_tried.csv

FOLDER gets a corpus for each target and its counts, which the next call goes on from, so that the
calls of several days add up; and the shortest input of every kind of fault. Faults do not end a
call. Processes are forked when everything is imported, and each is watched: one that takes more of
the processor than its slot, inside a library's code too, is ended, and its last input kept.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import mmap
import os
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from .study import Hung, judged
from .tally import Tally, counted, file_name, keep_fault, settle, tabulate, told

if TYPE_CHECKING:
    from .targets import Target

SECONDS_OF_ONE = 5.0
MEMORY_BYTES = 6 << 30
SECONDS_TO_END = 30
"""Of the processor, after a slot."""
LAST_BYTES = 1 << 16
AREAS = ["parser", "checker", "planner", "readers", "run files"]


def scratch() -> Path:
    """A folder in the system's memory, if there is such a place."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    return Path(tempfile.mkdtemp(prefix="guided-", dir=memory))


def instrumented() -> dict[str, Target]:
    """The targets, all code of the package instrumented, that which is imported late too: this
    takes seconds, so that processes are forked after it.
    """
    import atheris

    place = scratch()
    with atheris.instrument_imports(include=["bmdsl"]):
        import bmdsl.api  # noqa: F401
        import bmdsl.data.load  # noqa: F401
        import bmdsl.driver
        import bmdsl.plan.building  # noqa: F401
        import bmdsl.runtime.initial_files  # noqa: F401
        import bmdsl.stacks.folder  # noqa: F401

        from .targets import TARGETS

        bmdsl.driver.vocabulary()
        for number, target in enumerate(TARGETS.values()):
            (own := place / str(number)).mkdir()
            sound, examine = target.begin(own)
            for content in sound[:20]:
                examine(content)
    shutil.rmtree(place)
    gc.collect()
    gc.freeze()
    return TARGETS


def fuzz(name: str, target: Target, folder: Path, seconds: int, place: Path) -> None:
    """One target for so many seconds, in this process, which it ends; `place` is its own."""
    import atheris

    (own := place / "files").mkdir()
    sound, examine = target.begin(own)
    for content in sound[:20]:
        examine(content)
    tally = Tally(name, folder)
    last = _shared(place / "last")

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hung

    def one(content: bytes) -> None:
        last[: 8 + len(content)] = struct.pack("<Q", len(content)) + content
        kind, spent = judged(partial(examine, content), SECONDS_OF_ONE)
        tally.add(kind, content, spent)

    (corpus := folder / "corpus" / file_name(name)).mkdir(parents=True, exist_ok=True)
    for k, content in enumerate(sound):
        (corpus / f"sound{k}").write_bytes(content)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    most = int(time.process_time()) + seconds + SECONDS_TO_END
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    options = (
        *(f"-max_total_time={seconds}", f"-max_len={target.max_bytes}", "-rss_limit_mb=0"),
        *("-verbosity=0", "-close_fd_mask=3", "-reload=0", f"-artifact_prefix={place}/"),
        # Atheris has a clock of its own, by which an input takes too long while its process sleeps
        # and, with 0, whenever a second ends
        "-timeout=1000000",
    )
    atheris.Setup([sys.argv[0], str(corpus), *options], one)
    signal.signal(signal.SIGPROF, stop)
    atexit.register(tally.tell)
    atheris.Fuzz()


def _shared(path: Path) -> mmap.mmap:
    """Memory that outlives this process, in a file."""
    with open(path, "wb") as file:
        file.truncate(LAST_BYTES)
    with open(path, "r+b") as file:
        return mmap.mmap(file.fileno(), LAST_BYTES)


def _last(path: Path) -> bytes:
    """The input that a process was at."""
    whole = path.read_bytes() if path.exists() else bytes(8)
    return whole[8 : 8 + struct.unpack("<Q", whole[:8])[0]]


def in_turn(folder: Path, areas: list[str], seconds: float, slot: int, processes: int) -> None:
    """All targets of these areas, a slot each, that which had least of its share first; a process
    that dies is told, with its last input.
    """
    targets = {n: target for n, target in instrumented().items() if target.area in areas}
    end = time.monotonic() + seconds
    for name in targets:
        settle(folder, name)
    spent = {name: tally.seconds for name, tally in counted(folder).items()}
    running = dict[int, tuple[str, Path]]()
    while running or time.monotonic() < end - 5:
        while len(running) < processes and (left := int(end - time.monotonic())) > 5:
            busy = {name for name, _ in running.values()}
            free = [name for name in targets if name not in busy]
            name = min(free, key=lambda n: spent.get(n, 0.0) / targets[n].share)
            place = scratch()
            child = os.fork()
            if not child:
                fuzz(name, targets[name], folder, min(slot, left), place)
                os._exit(0)
            running[child] = name, place
        if running:
            child, status = os.wait()
            name, place = running.pop(child)
            if status:
                how = f"the process ended with {os.waitstatus_to_exitcode(status)}"
                keep_fault(folder, name, str(child), _last(place / "last"), how)
                print(f"{name}: {how}", flush=True)
            shutil.rmtree(place, ignore_errors=True)
            # a second at least, so that a target that dies at once does not come again and again
            spent[name] = max(settle(folder, name).seconds, spent.get(name, 0.0) + 1)
    print(told(counted(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", help="a target's name, `all`, or `told` for the counts so far")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--area", action="append", choices=AREAS, help="of `all`: these alone")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--slot", type=int, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--into", type=Path, help="a table that the counts are put in")
    words = parser.parse_args()
    words.folder.mkdir(parents=True, exist_ok=True)
    if words.target == "told":
        found = counted(words.folder)
        print(told(found))
        if words.into:
            from .targets import TARGETS

            areas = {name: target.area for name, target in TARGETS.items()}
            tabulate(found, areas, words.folder.name, words.into)
    elif words.target == "all":
        in_turn(words.folder, words.area or AREAS, words.seconds, words.slot, words.processes)
    else:
        target = instrumented()[words.target]
        fuzz(words.target, target, words.folder, words.seconds, scratch())


if __name__ == "__main__":
    main()
