"""Trainings in hard places: disks that fill, signals that end them, two in one folder, and caches
that many fill at once or that nobody can write to:

    OMP_NUM_THREADS=1 python -m tests.reliability.hard_places disks      # as root: mounts a tmpfs
    OMP_NUM_THREADS=1 python -m tests.reliability.hard_places signals --count 100
    OMP_NUM_THREADS=1 python -m tests.reliability.hard_places folders --count 20
    OMP_NUM_THREADS=1 python -m tests.reliability.hard_places caches     # as root: mounts a tmpfs

Each prints what happened how often, and exits 1 if anything went otherwise than it should.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .kill_runs import NOTHING_KEPT, Wrong, uninterrupted
from .runs import KINDS, differences, ending, forked, waited

UPDATES = 300
SECONDS_TO_END = 5.0
"""Of the processor: what a cluster's scheduler grants is of the clock, of which other work takes
some here.
"""
KIB = 1 << 10
PROCESSES = 10
MODEL = """model m { visible v[5] : binary  hidden h[3] : binary  param W init normal(0, 1)
energy = - W[i,j] v[i] h[j] + 0.125 v[0] v[1] v[2] }"""
COMPILE = f"""import bmdsl
machine = bmdsl.parse({MODEL!r}).compile(seed=0)
print(machine.sample(50, steps=3)["v"].tobytes().hex())"""


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A file system in memory, with options of `mount`."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def remounted(place: Path, options: str) -> None:
    """The same with other options."""
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def disks(folder: Path, count: int) -> Counter[str]:
    """Trainings on disks of growing size, gone on with when there is room."""
    found = Counter[str]()
    for kind in (k for k in KINDS if k.name in ("pcd", "pretrained", "stack")):
        (own := folder / kind.name).mkdir()
        whole, _ = uninterrupted(kind, own, UPDATES)
        needed = sum(p.stat().st_size for p in whole.rglob("*") if p.is_file())
        for size in np.linspace(needed / 8, needed * 1.5, max(2, count // 3)).astype(int):
            with mounted(own / "disk", f"size={size // KIB}k") as disk:
                run = disk / "run"
                code = waited(forked(own, ["train", "m.bm", kind.data, "--out", str(run)]))
                said = (own / "err.txt").read_text()
                full = code == 1 and "BM914" in said and str(disk) in said
                if code and not full:
                    raise Wrong(f"{kind.name}, {size} bytes: exit {code}: {said}")
                remounted(disk, "size=64m")
                words = ["resume", str(run)]
                if not list(run.rglob("checkpoints/*.json")):
                    words = ["train", "m.bm", kind.data, "--out", str(run), "--overwrite"]
                again = waited(forked(own, words))
                wrong = differences(ending(whole), ending(run)) if again == 0 else ["no end"]
                if wrong:
                    raise Wrong(f"{kind.name}: {wrong} {(own / 'err.txt').read_text()}")
                kept = "gone on with" if words[0] == "resume" else "begun anew"
                found[f"filled, named, {kept}, exact" if full else "had room, exact"] += 1
    return found


def signals(folder: Path, count: int) -> Counter[str]:
    """SIGTERM and SIGINT at random moments; what is resumed ends as if nothing had happened."""
    generator, found, slowest = np.random.default_rng(0), Counter[str](), 0.0
    of: dict[str, float] = {}
    while sum(found.values()) < count:
        for kind in KINDS:
            own = folder / kind.name
            if kind.name not in of:
                own.mkdir()
                of[kind.name] = uninterrupted(kind, own, UPDATES)[1]
            number = (signal.SIGTERM, signal.SIGINT)[int(generator.integers(2))]
            shutil.rmtree(own / "run", ignore_errors=True)
            child = forked(own, ["train", "m.bm", kind.data, "--out", "run"])
            time.sleep(float(generator.uniform(0, of[kind.name])))
            before, begun = _processor_of(child), time.monotonic()
            code = waited(child, 0.0, number)
            slowest = max(slowest, time.monotonic() - begun)
            said = (own / "err.txt").read_text()
            if code == -number or (code and code != 128 + number) or "bug of bmdsl" in said:
                if code != -number or before > 0.05:  # no handler before Python has begun
                    raise Wrong(f"{kind.name}: exit {code} of signal {number}: {said}")
            if code == 128 + number and list((own / "run").rglob("checkpoints/*.json")):
                again = waited(forked(own, ["resume", "run"]))
                said = (own / "err.txt").read_text()
                wrong = differences(ending(own / "whole"), ending(own / "run"))
                if wrong or (again and not any(x in said for x in NOTHING_KEPT)):
                    raise Wrong(f"{kind.name}: {wrong} {said}")
                found["exit 128 + number, resumed, exact"] += 1
            else:
                found["ended before" if code == 0 else "nothing was begun"] += 1
    print(f"slowest answer: {slowest:.2f} s of the clock")
    if slowest > SECONDS_TO_END:
        raise Wrong(f"an answer took {slowest:.1f} s")
    return found


def _processor_of(child: int) -> float:
    """Seconds of the processor that a process took."""
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def folders(folder: Path, count: int) -> Counter[str]:
    """Two trainings that begin in one folder at once."""
    found = Counter[str]()
    (kind,) = (k for k in KINDS if k.name == "pcd")
    whole, _ = uninterrupted(kind, folder, UPDATES)
    for k in range(count):
        words = ["train", "m.bm", kind.data, "--out", str(folder / f"run{k}")]
        both = [forked(folder, words, name) for name in ("one.txt", "two.txt")]
        codes = [waited(child) for child in both]
        said = [(folder / name).read_text() for name in ("one.txt", "two.txt")]
        refused = [s for code, s in zip(codes, said, strict=True) if code == 1]
        if sorted(codes) != [0, 1] or "BM831" not in refused[0] and "BM752" not in refused[0]:
            raise Wrong(f"exits {codes}: {said}")
        if wrong := differences(ending(whole), ending(folder / f"run{k}")):
            raise Wrong(f"the one that trained: {wrong}")
        found["one ended exactly, one was refused"] += 1
    return found


def caches(folder: Path, count: int) -> Counter[str]:
    """Ten processes that compile one model at once into an empty cache; homes that are missing or
    cannot be written to.
    """
    found = Counter[str]()
    base = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "NUMBA", "BMDSL"))}
    answers = set[str]()
    for k in range(max(1, count // 10)):
        place = {**base, "BMDSL_CACHE": str(folder / f"cache{k}")}
        many = [_compiling(place) for _ in range(PROCESSES)]
        found["of ten at once, right"] += sum(_right(one, answers) for one in many)
    for name, home in (("missing home", "/proc/nowhere"), ("home that is a file", "/dev/null")):
        found[name] += _right(_compiling({**base, "HOME": home}), answers)
    with mounted(folder / "home", "size=1m") as home:
        remounted(home, "ro")
        found["read-only home"] += _right(_compiling({**base, "HOME": str(home)}), answers)
    with mounted(folder / "small", f"size={64 * KIB}") as small:
        room = {**base, "BMDSL_CACHE": str(small)}
        found["cache on a full disk"] += _right(_compiling(room), answers)
    return found


def _compiling(environment: dict[str, str]) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", COMPILE]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True)


def _right(process: subprocess.Popen[str], answers: set[str]) -> int:
    """1 where a process ended with the draws of all others; else Wrong."""
    out, err = process.communicate()
    answers.add(out)
    if process.returncode or len(answers) != 1:
        raise Wrong(f"exit {process.returncode}: {out} {err}")
    return 1


PLACES: dict[str, Callable[[Path, int], Counter[str]]] = {
    **{"disks": disks, "signals": signals, "folders": folders, "caches": caches}
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("place", choices=list(PLACES))
    parser.add_argument("--count", type=int, default=30)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        try:
            found = PLACES[told.place](Path(place), told.count)
        except Wrong as wrong:
            print(f"FAILED {wrong}")
            raise SystemExit(1) from None
    for what, number in found.items():
        print(f"{number:6,}  {what}")


if __name__ == "__main__":
    main()
