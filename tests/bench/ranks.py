"""What an update costs on several ranks, and the sum over ranks in it: `docs/scaling.md` has the
numbers.

    mpirun -n 2 python -m tests.bench.ranks --threads 1

The model is an RBM of 784 × 500 units by PCD on random cases. Times are of 20 updates in one call
of compiled code, the least and the median of many: other programs may run beside.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numba
import numpy as np

import bmdsl
from bmdsl.ranks.world import world
from bmdsl.schedule.rank_ops import add_over_ranks
from bmdsl.training.loop import train

TEXT = """model m(D = {visible}, H = {hidden}) {{ visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.01)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train {{ negative pcd(steps = {steps}, chains = {batch})  optimizer sgd(rate = 0.001)
    batch {batch}  epochs {epochs}  seed 1  monitor 0 }} }}"""
UPDATES = 20


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
    """Seconds of one update: the least and the median of epochs of UPDATES updates."""
    cases = (np.random.default_rng(0).random((UPDATES * made.batch, made.visible)) < 0.3) * 1.0
    machine = bmdsl.parse(TEXT.format(**vars(made))).compile(seed=1)
    ends = [0.0]
    train(
        machine,
        {"v": cases.astype(np.float32)},
        machine.model.training,
        progress=False,
        on_progress=lambda line: ends.append(time.perf_counter()),
    )
    each = np.diff(ends[3:]) / UPDATES
    return (float(each.min()), float(np.median(each))) if len(each) else (0.0, 0.0)


def main() -> None:
    """Prints one line of JSON, on rank 0."""
    options = argparse.ArgumentParser(description=__doc__)
    sizes = {"visible": 784, "hidden": 500, "batch": 100, "steps": 1, "epochs": 30, "threads": 1}
    for name, default in sizes.items():
        options.add_argument(f"--{name}", type=int, default=default)
    made = options.parse_args()
    numba.set_num_threads(made.threads)
    step = updates(made)
    count = made.visible * made.hidden + made.visible + made.hidden
    told: dict[str, Any] = {"ranks": world().size, "threads": made.threads, "batch": made.batch}
    told |= {"bytes": 4 * count, "update_ms": [round(1e3 * t, 3) for t in step]}
    if not world().alone:
        for n in (1, 1000, 30_000, count):
            told[f"sum_of_{4 * n}_bytes_ms"] = [round(1e3 * t, 3) for t in sums(n)]
    if world().leads:
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
