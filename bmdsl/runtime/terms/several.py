"""Terms of several groups whose couplings are never written out: fields follow from the states of
all other groups together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from ..addends import Addends
from ..module_calls import ModuleCalls
from ..rows import Array
from .interface import NEARLY_ZERO, Arrays, BoundTerm, Rowwise, alike


class BoundSeveral(BoundTerm):
    """A term of several different groups, each once."""

    term: int
    """Its number among the energy's terms."""

    def __init__(self, calls: ModuleCalls) -> None:
        self.calls, self.plan, self.plain, self.sizes = calls, calls.plan, calls.plain, calls.sizes

    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        if all(n in state and state[n].any() for n in self.groups if n != name):
            self.add_own_field(arrays, name, state, out[0])

    @abstractmethod
    def add_own_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        """out[r, u] += Σ couplings · states of the other groups, none of which is zero."""

    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        name = min(self.groups, key=lambda n: (self.plan.is_one_unit(n), self.sizes[n]))
        eta = np.zeros_like(state[name])
        self.add_field(arrays, name, state, eta[None])
        return np.einsum("np,np->n", eta, state[name], dtype=np.float64)

    @abstractmethod
    def couplings(self, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        """Columns of each group, in order of `groups`, and values: every coupling that is not 0,
        one by one, float64.
        """

    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        columns, values = self.couplings(arrays)
        pairs = zip(self.groups, columns, strict=True)
        places = np.stack([self.calls.offset[n] + x for n, x in pairs], 1)
        return [alike(places, (1,) * len(self.groups), values, self.term)]

    def joined_units(self, free: Mapping[str, int]) -> int:
        return sorted(free[n] for n in self.groups)[-2]

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        places, values = self.couplings(arrays)
        sizes = np.abs(values)
        total = np.bincount(places[self.groups.index(name)], sizes, self.sizes[name])
        return total, float(sizes[sizes > NEARLY_ZERO].min(initial=np.inf))
