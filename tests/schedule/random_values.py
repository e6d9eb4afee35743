"""Parameters with values of no pattern."""

from __future__ import annotations

import numpy as np

from bmdsl.inference.machine import Machine


def of_parameters(machine: Machine, seed: int = 0) -> None:
    """Every parameter gets normal numbers of size 0.3."""
    rng = np.random.default_rng(seed)
    for name in machine.params:
        machine.params[name] = 0.3 * rng.normal(size=machine.params[name].shape)
