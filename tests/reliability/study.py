"""What the studies share: inputs one after another in a process of its own, with limits on time and
memory; kinds of fault are counted by exception and place, each with its shortest input.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import Any

SOUND = ("fine", "refused")
"""What an input may end as: anything else is a fault."""


class Hung(BaseException):
    """An input took more of the processor than it may."""


@dataclass(frozen=True)
class Limits:
    """Seconds and gibibytes of one input, the number of inputs and the seed they are drawn by."""

    count: int
    seed: int
    seconds: float
    gigabytes: float
    keep: Path | None


Cases = Callable[[int], Iterator[tuple[bytes, Callable[[], str]]]]
"""Seed → inputs without end, each with what examines it: its answer is `fine` or `refused`."""


def options(description: str | None, count: int) -> Limits:
    """The command line of a study."""
    known = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known.add_argument("--count", type=int, default=count)
    known.add_argument("--seed", type=int, default=1)
    known.add_argument("--seconds", type=float, default=5.0)
    known.add_argument("--gigabytes", type=float, default=6.0)
    known.add_argument("--keep", type=Path, help="a folder for the shortest input of each kind")
    return Limits(**vars(known.parse_args()))


def place(error: BaseException) -> str:
    """Exception and the last two functions of the package that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/bmdsl/" in f.filename]
    shown = " < ".join(f"{Path(f.filename).name}:{f.name}" for f in frames[-1:-3:-1])
    return f"{type(error).__name__}: {str(error)[:60]!r} at {shown}"


def judged(examine: Callable[[], str], seconds: float) -> tuple[str, float]:
    """The answer of one input, or its kind of fault, and the seconds of the processor it took: on a
    busy machine those of the clock tell of other processes.
    """
    start = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            kind = examine()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except BaseException as error:  # the alarm may come when all is done
        kind = place(error)
    return kind, time.process_time() - start


def _process(pipe: Any, cases: Cases, limits: Limits, seed: int, count: int) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Hung

    sys.stderr = open(os.devnull, "w")  # notes of readers
    signal.signal(signal.SIGPROF, stop)
    drawn = cases(seed)
    most = int(limits.gigabytes * (1 << 30))
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for _ in range(count):
        content, examine = next(drawn)
        kind, spent = judged(examine, limits.seconds)
        told = kind not in SOUND or spent > 1
        pipe.send((kind, content if told else b"", spent))
    pipe.close()


def study(cases: Cases, limits: Limits) -> int:
    """Runs the inputs, prints kinds of fault, most frequent first, and gives how many there were.

    A process that dies loses one input, not the study.
    """
    kinds: Counter[str] = Counter()
    shortest: dict[str, bytes] = {}
    slowest: list[float] = []
    done, seed, start = 0, limits.seed, time.perf_counter()
    context = get_context("spawn")
    while done < limits.count:
        ours, theirs = context.Pipe(False)
        process = context.Process(
            target=_process, args=(theirs, cases, limits, seed, limits.count - done)
        )
        process.start()
        theirs.close()
        try:
            while True:
                kind, content, spent = ours.recv()
                done += 1
                kinds[kind] += 1
                if content and len(content) < len(shortest.get(kind, content + b" ")):
                    shortest[kind] = content
                slowest = sorted([*slowest, spent], reverse=True)[:5]
        except EOFError:
            process.join()
            if process.exitcode:
                kinds[f"the process died: {process.exitcode}"] += 1
                done += 1
            seed += 1_000_003
    print(f"{done:,} inputs in {time.perf_counter() - start:.0f} s")
    for number, (kind, n) in enumerate(kinds.most_common()):
        print(f"{n:9,}  {kind}")
        if limits.keep is not None and kind in shortest and kind not in SOUND:
            limits.keep.mkdir(parents=True, exist_ok=True)
            (limits.keep / str(number)).write_bytes(shortest[kind])
    print("slowest, in s:", ", ".join(f"{spent:.1f}" for spent in slowest))
    return sum(n for kind, n in kinds.items() if kind not in SOUND)
