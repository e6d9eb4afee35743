"""Units without their couplings: the fields that they start from, and those of the independent units that annealing starts with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .program import Array, Fields, Program

WIDE = 100.0
"""How many times as much as under the base measure alone E[x²] may be with the bias on x²."""


def square_field(program: Program, f: Fields, name: str) -> Array:
    """A field on x² that leaves every unit of a group a distribution, [size]: its bias, or 0 for units that couplings alone hold together.

    With the bias of −E = x²/2 + …, say, a Gaussian unit has no precision of its own, though the machine may be proper.
    """
    own = f.bias2[name]
    if not own.any():
        return own
    eta = np.zeros((2, len(own), 1), program.dtype)
    plain = program.mean_square(name, eta)[:, 0]
    eta[1, :, 0] = own
    with np.errstate(all="ignore"):
        square, total = program.mean_square(name, eta)[:, 0], program.log_partition(name, eta)
        fits = np.isfinite(total) & (square > 0) & (square <= WIDE * plain)
    return np.where(fits, own, 0).astype(program.dtype)


def uncoupled(program: Program, f: Fields) -> Fields:
    """The biases without any coupling, as independent units of finite width."""
    free = [g.name for g in program.plan.groups if g.square and g.role != "given"]
    return replace(f.alone(), bias2=f.bias2 | {n: square_field(program, f, n) for n in free})
