"""A program with its parameters: fields, conditional draws, Gibbs sweeps, and the gradient's sums
over rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..plan.streams import NEGATIVE_START_STREAM
from .gibbs_sweeps import GibbsSweeps
from .program import Array, Rows, State


class BoundMachine(GibbsSweeps):
    """A program with its parameters: what its phases and its inference are made of."""

    def draw_posterior(
        self, rows: State, observed: Mapping[str, Array], update: int, stream: int
    ) -> State:
        """A joint state with the hidden units drawn given `observed`.

        `rows` are its posterior rows: if they have the fields of all hidden groups that are not
        drawn, these are drawn from them, at step 0 of `stream`. Else it is one sweep of `stream`
        from a start of NEGATIVE_START: a start from the sweep's own numbers would bind each unit to
        its state before.
        """
        fields = rows.fields if isinstance(rows, Rows) else {}
        drawn = rows.drawn if isinstance(rows, Rows) else ()
        if set(self.hidden) - set(fields) - set(drawn) or len(next(iter(rows.values()))) != len(
            next(iter(observed.values()))
        ):
            count = len(next(iter(observed.values())))
            state = self.initial_state(count, NEGATIVE_START_STREAM, update)
            self.sweep(state, 1, observed, update, stream)
            return state
        f = self._fields()
        empty = np.empty((0, 0), self.dtype)
        state = {n: np.array(rows[n]) for n in rows if n not in fields}
        for name, eta in fields.items():
            state[name] = np.empty(eta.shape[-2:], self.dtype)
            self.program.draw(f, name, eta, state, empty, self._key(name, stream, update, 0))
        return state

    def accumulate(
        self, rows: State, weights: Array | None, out: dict[str, Array], scale: float
    ) -> None:
        """out[θ] += scale · Σ_n w_n ∂(−E)/∂θ(rows_n)."""
        flat = {n: self.program.flat(n, x) for n, x in rows.items()}
        squares = rows.squares if isinstance(rows, Rows) else {}
        self.program.accumulate(self.params, Rows(flat, squares), weights, out, scale)
