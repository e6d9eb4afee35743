"""What an update costs on several ranks, and the sum over ranks in it: `docs/scaling.md` has the
numbers.

    mpirun -n 2 python -m tests.bench.ranks --threads 1
    python -m tests.bench.ranks --forecast 0.59 0.0126

The second prints what the model of `docs/scaling.md` makes of t_fixed and t_case in milliseconds,
as they were found on one thread, for 64 machines of 32 cores.

The model is an RBM of 784 × 500 units by PCD on random cases. Times are of calls of some updates,
the least and the median of many: other programs may run beside.
"""

from __future__ import annotations

import argparse
import json
import time
from math import ceil, log2
from typing import Any

import numba
import numpy as np

import bmdsl
from bmdsl.ranks.world import world
from bmdsl.schedule.rank_ops import add_over_ranks
from bmdsl.training import loop

TEXT = """model m(D = {visible}, H = {hidden}) {{ visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.01)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train {{ negative pcd(steps = {steps}, chains = {batch})  optimizer sgd(rate = 0.001)
    batch {batch}  epochs {epochs}  seed 1  monitor 0 }} }}"""
UPDATES = 20


NETS = {
    "InfiniBand, 100 Gbit/s, 2 µs": (2e-3, 12.5e6),
    "Ethernet, 25 Gbit/s, 20 µs": (20e-3, 3.125e6),
    "Ethernet, 1 Gbit/s, 50 µs": (50e-3, 0.125e6),
}
"""Milliseconds of latency, and bytes a millisecond."""
MACHINES, CORES = 64, 32


def forecast(fixed: float, case: float, size: int) -> None:
    """A table of times of an update in ms, and the share of it that is a machine's work."""
    print("| cases a machine and update | a machine's work |", " | ".join(NETS), "|")
    print("|" + "---|" * (2 + len(NETS)))
    for cases in (100, 1000, 10_000):
        work = (fixed + case * cases) / CORES
        row = [f"{cases:,}", f"{work:.3g} ms"]
        for latency, speed in NETS.values():
            total = work + 2 * ceil(log2(MACHINES)) * latency
            total += 2 * (MACHINES - 1) / MACHINES * size / speed
            row.append(f"{total:.3g} ms, {100 * work / total:.0f} %")
        print("|", " | ".join(row), "|")


def sums(count: int, repeats: int = 60) -> tuple[float, float]:
    """Seconds of a sum of `count` numbers over ranks: least and median of groups of five."""
    x, call, out = np.zeros(count, np.float32), world().call(), []
    for _ in range(max(3, repeats // 5)):
        world().barrier()
        begun = time.perf_counter()
        for _ in range(5):
            add_over_ranks(x, call)
        out.append((time.perf_counter() - begun) / 5)
    return min(out), float(np.median(out))


def updates(made: argparse.Namespace) -> tuple[float, float]:
    """Seconds of one update: the least and the median of calls of some updates each."""
    cases = (np.random.default_rng(0).random((UPDATES * made.batch, made.visible)) < 0.3) * 1.0
    machine = bmdsl.parse(TEXT.format(**vars(made))).compile(seed=1)
    each: list[float] = []
    call = loop._Loop._call

    def timed(self: Any, compiled: Any, first: int, count: int) -> Any:
        begun = time.perf_counter()
        found = call(self, compiled, first, count)
        each.append((time.perf_counter() - begun) / count)
        return found

    loop._Loop._call = timed  # type: ignore[method-assign]
    try:
        data = {"v": cases.astype(np.float32)}
        loop.train(machine, data, machine.model.training, progress=False)
    finally:
        loop._Loop._call = call  # type: ignore[method-assign]
    return min(each[1:]), float(np.median(each[1:]))


def main() -> None:
    """Prints one line of JSON, on rank 0."""
    options = argparse.ArgumentParser(description=__doc__)
    sizes = {"visible": 784, "hidden": 500, "batch": 100, "steps": 1, "epochs": 30, "threads": 1}
    for name, default in sizes.items():
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--forecast", type=float, nargs=2)
    made = options.parse_args()
    count = made.visible * made.hidden + made.visible + made.hidden
    if made.forecast:
        forecast(*made.forecast, 4 * count)
        return
    numba.set_num_threads(made.threads)
    step = updates(made)
    told: dict[str, Any] = {"ranks": world().size, "threads": made.threads, "batch": made.batch}
    told |= {"bytes": 4 * count, "update_ms": [round(1e3 * t, 3) for t in step]}
    if not world().alone:
        for n in (1, 1000, 30_000, count):
            told[f"sum_of_{4 * n}_bytes_ms"] = [round(1e3 * t, 3) for t in sums(n)]
    if world().leads:
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
