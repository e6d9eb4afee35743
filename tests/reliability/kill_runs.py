"""Kills trainings at random moments, resumes them, and compares how they end with the training that
nobody stopped, bit for bit:

    OMP_NUM_THREADS=1 python -m tests.reliability.kill_runs --kills 300

Kinds of model and negative phases are those of `runs.KINDS`; `--only pcd,stack` chooses some.
`--plainly` calls the package's functions in the place of `bm`, of no stacks: a kill takes a fifth
of a second of the processor then, and the tests carry out some of them.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .runs import KINDS, Kind, differences, ending, forked, forked_plainly, waited

NOTHING_KEPT = ("BM757", "BM916")
"""What `bm resume` says of a run that was killed before its first checkpoint."""
Start = Callable[[Path, Sequence[str]], int]
"""Starts a process in a folder with the words of `bm`; its id."""


class Wrong(Exception):
    """A run that ended otherwise than it should have."""


def uninterrupted(
    kind: Kind, folder: Path, updates: int, start: Start = forked
) -> tuple[Path, float]:
    """The run that nobody stops, and its seconds."""
    kind.write(folder, updates)
    for name in ("warm", "whole"):  # the first one compiles
        begun = time.monotonic()
        code = waited(start(folder, ["train", "m.bm", kind.data, "--out", name]))
        if code:
            raise Wrong(f"{kind.name}: {(folder / 'err.txt').read_text()}")
    return folder / "whole", time.monotonic() - begun


def killed(
    kind: Kind,
    folder: Path,
    seconds: float,
    kills: int,
    generator: np.random.Generator,
    count: Counter[str],
    start: Start = forked,
) -> None:
    """A run killed so many times, then left to end; `count` gets how many kills came when. Raises
    Wrong if it ends otherwise.
    """
    name = f"r{generator.integers(10**9)}"
    resuming = False
    left = kills
    while True:
        words = ["resume", name] if resuming else ["train", "m.bm", kind.data, "--out", name]
        moment = float(generator.uniform(0, seconds)) if left else None
        code = waited(start(folder, words), moment)
        said = (folder / "err.txt").read_text()
        if code == -signal.SIGKILL:
            left -= 1
            count["while resumed" if resuming else "before the first checkpoint"] += 1
            resuming = True
        elif code == 0:
            break
        elif resuming and any(x in said for x in NOTHING_KEPT):
            resuming = False
        else:
            raise Wrong(f"{kind.name}: exit {code} of {words}: {said}")
        if "bug of bmdsl" in said:
            raise Wrong(f"{kind.name}: {said}")
    wrong = differences(ending(folder / "whole"), ending(folder / name))
    left_over = [p.name for p in (folder / name).rglob(".*")]
    if left_over:
        wrong.append(f"left over: {left_over}")
    if wrong:
        raise Wrong(f"{kind.name}: {'; '.join(wrong)[:600]} ({folder / name})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--each", type=int, default=5, help="kills of one run")
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(k.name for k in KINDS))
    parser.add_argument("--plainly", action="store_true")
    told = parser.parse_args()
    start = forked_plainly if told.plainly else forked
    generator = np.random.default_rng(told.seed)
    chosen = [k for k in KINDS if k.name in told.only.split(",")]
    total, failures, exact = Counter[str](), 0, 0
    with tempfile.TemporaryDirectory() as place:
        of: dict[str, float] = {}
        while sum(total.values()) < told.kills:
            for kind in chosen:
                folder = Path(place) / kind.name
                try:
                    if kind.name not in of:
                        folder.mkdir()
                        of[kind.name] = uninterrupted(kind, folder, told.updates, start)[1]
                    killed(kind, folder, of[kind.name], told.each, generator, total, start)
                    exact += 1
                except Wrong as wrong:
                    failures += 1
                    print(f"FAILED {wrong}", flush=True)
                    if kind.name not in of:
                        of[kind.name] = 1.0
            print(f"{sum(total.values())} kills, {exact} runs exact, {failures} not", flush=True)
    print(f"kills: {dict(total)}; runs that ended exactly: {exact}; otherwise: {failures}")
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
