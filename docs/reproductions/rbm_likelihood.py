"""Annealed importance sampling beside the exact log Z of a trained run: `python rbm_likelihood.py
RUN [SEEDS]`; the run has few hidden units.
"""

import sys

import numpy as np

import bmdsl
from bmdsl.data.load import load


def beside_exact(folder, seeds="10"):
    """Estimates from both ends for several seeds, and how many of their 95 % intervals hold the
    exact value.
    """
    machine = bmdsl.open(folder)
    data = (load("binarized-mnist").values > 0.5).astype(np.float32)
    exact = machine.log_partition()
    print(f"exact log Z {exact:.3f}")
    inside = 0
    for seed in range(int(seeds)):
        machine.seed = seed
        found = machine.log_partition("ais", data=data, chains=500, steps=1000)
        low, high = found.interval
        inside += low <= exact <= high
        print(
            f"seed {seed}: AIS {found.forward.value - exact:+.3f} ±"
            f" {1.96 * found.forward.std_error:.3f}, reverse {found.reverse.value - exact:+.3f} ±"
            f" {1.96 * found.reverse.std_error:.3f}"
        )
    print(f"{inside} of {seeds} intervals of AIS hold it")


if __name__ == "__main__":
    beside_exact(*sys.argv[1:])
