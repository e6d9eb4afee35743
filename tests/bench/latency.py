"""Latency of small calls, an RBM of 64 × 100 units: best of many, in microseconds.

python tests/bench/latency.py [free_energy | conditional | sample ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np

import bmdsl


def best(call: Callable[[], object], rounds: int) -> float:
    """Seconds of the quickest of so many calls, the first ones left out."""
    for _ in range(3):
        call()
    found = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        found.append(perf_counter() - start)
    return min(found)


def main(wanted: list[str]) -> None:
    """Prints one line a call."""
    machine = bmdsl.load("rbm", D=64, H=100).compile()
    machine.params["W"] = np.random.default_rng(1).normal(0, 0.1, (64, 100)).astype(np.float32)
    case = np.random.default_rng(0).integers(0, 2, (1, 64)).astype(np.float32)
    calls: dict[str, tuple[Callable[[], object], int]] = {
        "free_energy": (lambda: machine.free_energy(v=case), 2000),
        "conditional": (lambda: machine.conditional("h", v=case), 2000),
        "sample": (lambda: machine.sample(4, steps=100), 200),
    }
    for name, (call, rounds) in calls.items():
        if not wanted or name in wanted:
            print(f"{name:12} {best(call, rounds) * 1e6:8.1f} µs")


if __name__ == "__main__":
    main(sys.argv[1:])
