"""Bounds on what bounded units make of each entry of a precision matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .addends import Addends
from .growth import Growth
from .program import Array


@dataclass(frozen=True)
class PairBounds:
    """For each pair of columns without bounds that addends c x_i x_j join (i = j: c x_i²): the
    least and the largest Σ c, [pairs].

    `attained`: whether the least is that of a state, not only a bound.
    """

    first: Array
    second: Array
    low: Array
    high: Array
    attained: Array


def pair_bounds(g: Growth, a: Addends) -> PairBounds:
    """Bounds of addends of degree 2.

    One bounded unit an addend: its states one by one, so that a one-of-K unit is in one state at a
    time.
    """
    real = g.real[a.places]
    first = np.where(real, a.places, g.one).min(1)
    second = np.where(real, a.places, -1).max(1)
    keys, pair = np.unique(first * (g.one + 1) + second, return_inverse=True)
    pair = pair.ravel()
    low, high, attained = np.zeros(len(keys)), np.zeros(len(keys)), np.ones(len(keys), bool)
    bounded = ~real & (a.places != g.one)
    count = bounded.sum(1)
    lows, highs = g.interval(a)
    loose = count > 1
    column = np.where(bounded, a.places, -1).max(1)
    power = np.where(bounded, a.powers, 0).max(1)
    for name in {g.group_of(int(c)) for c in np.unique(column[count == 1])}:
        own = (
            (count == 1)
            & (g.unit[column] >= 0)
            & (g.offset[name] <= column)
            & (column < g.offset[name] + g.program.sizes[name])
        )
        found = g.candidates(g.offset[name])
        mixed = g.is_interval(g.offset[name]) and len(np.unique(power[own])) > 1
        if found is None or not found[1] or mixed:
            loose |= own
            continue
        states, width = found[0], g.program.states[name]
        rows = np.flatnonzero(own)
        unit = (column[rows] - g.offset[name]) // width
        within = (column[rows] - g.offset[name]) % width
        both, index = np.unique(pair[rows] * (g.one + 1) + unit, return_inverse=True)
        table = np.zeros((len(both), len(states)))
        np.add.at(
            table, index.ravel(), a.values[rows, None] * states[:, within].T ** power[rows, None]
        )
        np.add.at(low, both // (g.one + 1), table.min(1))
        np.add.at(high, both // (g.one + 1), table.max(1))
    rest = (count == 0) | loose
    np.add.at(low, pair[rest], lows[rest])
    np.add.at(high, pair[rest], highs[rest])
    attained[pair[loose]] = False
    return PairBounds(keys // (g.one + 1), keys % (g.one + 1), low, high, attained)
