"""States of a machine as matrices, a row per case or chain, and rows that are means instead."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Array = np.ndarray
Key = tuple[int, int, int, int]
"""Seed, stream, update and step: with chain and unit, what a random number is a function of."""
State = dict[str, Array]
"""Group name → matrix [row, column]; the columns are the group's flattened axes, one-hot where it
is one-of-K.
"""


class Rows(dict[str, Array]):
    """A state whose rows may be means; `squares` then holds E[x²] of the groups whose type has that
    statistic.

    `fields` keeps the η that a group's means came from, so that a draw from the same conditional
    costs no second product.
    """

    def __init__(
        self,
        rows: State,
        squares: State | None = None,
        fields: State | None = None,
        states: str | None = None,
    ) -> None:
        super().__init__(rows)
        self.squares = squares or {}
        self.fields = fields or {}
        self.drawn: tuple[str, ...] = ()
        """Hidden groups that are drawn, given which `fields` were made."""
        self.states = states
        """A one-of-K group whose states 0, ..., K − 1 follow one another, all other groups the same
        in each run of K rows.
        """


def power_of(state: Mapping[str, Array], name: str, power: int) -> Array:
    """A group's x, or its x²: E[x²] of rows that hold means."""
    if power == 1:
        return state[name]
    if isinstance(state, Rows) and name in state.squares:
        return state.squares[name]
    return state[name] * state[name]
