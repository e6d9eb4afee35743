"""The independent units that annealed importance sampling begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..runtime.alone import square_field
from ..runtime.program import Array, Fields, State

if TYPE_CHECKING:
    from .phases import Phases

NEAR = 6.0
"""Bounds of the base distribution's fields: a pixel that was never on in the data may still be."""


def base_fields(machine: Phases, means: State) -> State:
    """a of every free group, so that an independent unit's mean is `means` [size]: A′(a) = mean, by
    bisection; the fields stay within ±NEAR.
    """
    f = machine.held_fields()
    return {n: _field_of_mean(machine, f, n, x) for n, x in means.items()}


def _field_of_mean(machine: Phases, f: Fields, name: str, mean: Array) -> Array:
    program = machine.program
    g = program.plan.group(name)
    if g.states is not None:
        if g.unit.states is None:  # a vector's components have no order to bisect along
            return np.array(f.bias[name])
        k = program.states[name]
        p = np.clip(np.asarray(mean, np.float64), np.exp(-NEAR), None)
        return np.ascontiguousarray(
            np.log(p / np.repeat(p.reshape(-1, k).sum(1), k)) + np.log(k), program.dtype
        )
    second = square_field(program, f, name) if g.square else None
    bound = NEAR if not g.square else NEAR * (1 + float(np.abs(mean).max(initial=0.0)) * 4)
    low, high = np.full(g.size, -bound), np.full(g.size, bound)
    for _ in range(40):
        middle = (low + high) / 2
        eta = np.empty(program.shape(name, 1), program.dtype)
        if g.square:
            eta[0], eta[1] = middle, second
        else:
            eta[...] = middle
        below = program.mean(name, eta)[0] < mean
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.ascontiguousarray((low + high) / 2, program.dtype)
