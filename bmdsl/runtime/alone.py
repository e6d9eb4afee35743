"""Units without their couplings: the fields that they start from, and those of the independent
units that annealing starts with.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .domain import base_precision, ends
from .program import Array, Fields, Program

LEAST_SHARE = 0.01
"""Share of its base measure's precision that a unit must keep on its own to be drawn from its
biases alone.
"""


def square_field(program: Program, f: Fields, name: str) -> Array:
    """A field on x² that leaves every unit of a group a distribution, [size]: its bias, or 0 for
    units that other terms alone hold together.

    With the bias of −E = x²/2 + …, say, a Gaussian unit has no precision of its own, though the
    machine may be proper.
    """
    own, g = f.bias2[name], program.plan.group(name)
    if np.isfinite(ends(g)).all():
        return own
    base = base_precision(g)
    return np.where(base - 2 * own > LEAST_SHARE * base, own, 0).astype(program.dtype)


def uncoupled(program: Program, f: Fields) -> Fields:
    """The biases without any coupling, as independent units of finite width."""
    free = [g.name for g in program.plan.groups if g.square and g.role != "given"]
    return replace(f.alone(), bias2=f.bias2 | {n: square_field(program, f, n) for n in free})
