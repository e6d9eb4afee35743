"""Annealed importance sampling where a one-of-K unit chooses among the fields of others, and which
path a model takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..language.late import special
from ..runtime.program import Array, State
from .annealed_path import Path

if TYPE_CHECKING:
    from .phases import Phases

SELECTED = 1 << 27
"""Most numbers that the fields of all states of a one-of-K unit may be, for every chain at once."""


class SelectedPath(Path):
    """The path where a one-of-K unit z chooses among the fields of others: both are summed out of
    the weights, and drawn together.
    """

    by_state = True

    def __init__(
        self,
        machine: Phases,
        anchor: State,
        chains: int,
        stream: int,
        given: State | None = None,
        update: int = 0,
    ) -> None:
        super().__init__(machine, anchor, chains, stream, given, update)
        selector = self.program.plan.selector
        assert selector is not None
        self.z, self.near = selector
        summed = (self.z, *self.near)
        self._divide(summed, tuple(n for n in machine.free if n not in summed))

    def _look(self) -> None:
        for name in self.summed:
            self.state[name][...] = 0
        whole, self.summed = self.summed, ()
        super()._look()
        self.summed = whole
        self._minus_by_state = (
            self.program.field(self.fields, self.z, self.state).astype(np.float64)
            + self._minus_energy[:, None]
        )
        self._etas = {
            n: self.program.fields_by_state(self.fields, n, self.state, self.z) for n in self.near
        }

    def _by_state(self, beta: float) -> Array:
        """log p*_β of every state of z, its neighbours summed out: [chains, K]."""
        w = beta * self._minus_by_state + (1 - beta) * (
            self.anchor[self.z] + self._anchored[:, None]
        )
        for n in self.near:
            w += self.program.log_partition(n, self._between(n, beta)).reshape(
                self.chains, self.program.sizes[self.z]
            )
        return w

    def log_weight(self, beta: float) -> Array:
        return self._base + special.logsumexp(self._by_state(beta), axis=1)

    def move(self, beta: float, step: int) -> None:
        w = self._by_state(beta)
        eta = np.ascontiguousarray(w - w.max(axis=1, keepdims=True), self.program.dtype)
        self.program.draw(
            self.fields, self.z, eta, self.state, self._empty, self._key(self.z, step)
        )
        picked = np.argmax(self.state[self.z], axis=1) + self.program.sizes[self.z] * np.arange(
            self.chains
        )
        for n in self.near:
            chosen = np.ascontiguousarray(self._between(n, beta)[..., picked, :])
            self.program.draw(self.fields, n, chosen, self.state, self._empty, self._key(n, step))
        for name in self.kept:
            self._draw(name, beta, step)
        self._look()


def path_of(
    machine: Phases,
    anchor: State,
    chains: int,
    stream: int,
    given: State | None = None,
    update: int = 0,
) -> Path:
    """The path that fits the machine's plan."""
    selector = machine.program.plan.selector
    if selector is not None:
        sizes = machine.program.sizes
        if chains * sizes[selector[0]] * sum(sizes[n] for n in selector[1]) <= SELECTED:
            return SelectedPath(machine, anchor, chains, stream, given, update)
    return Path(machine, anchor, chains, stream, given, update)
