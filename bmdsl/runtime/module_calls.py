"""The functions of a plan's generated module, called with the plan's sizes and with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from ..language.model import Length
from ..plan.plan import Plan
from .direct import direct
from .rows import Array

Parameters = Mapping[str, Array]


class ModuleCalls:
    """A generated module at a plan's sizes. Pure: parameters and states are arguments."""

    def __init__(
        self, plan: Plan, module: ModuleType, lengths: tuple[Length, ...], dtype: np.dtype[Any]
    ) -> None:
        self.plan, self.module, self.dtype = plan, module, dtype
        self.n = np.array([int(x) for x in lengths] + [0], np.int64)
        self.k = np.array([t.coefficient for t in plan.model.terms] + [0.0], np.float64)
        self.edges = tuple(np.asarray(g.edges, np.int64) for g in plan.model.graphs)
        self.sizes = {g.name: g.size for g in plan.groups}
        self.states = {g.name: int(g.states) if g.states is not None else 1 for g in plan.groups}
        self.offset: dict[str, int] = {}
        """Where each group begins among the columns of all groups side by side."""
        columns = 0
        for name, size in self.sizes.items():
            self.offset[name] = columns
            columns += size
        self.plain = not module.COMPILE
        self.functions = {
            key: direct(getattr(module, name))
            for key, name in plan.functions.items()
            if hasattr(module, name)
        }
        """The module's functions by what they are for."""

    def tail(self, params: Parameters) -> tuple[Any, ...]:
        """The last arguments of every function that reads parameters."""
        return (self.k, self.n, *(params[p.name] for p in self.plan.model.parameters), *self.edges)

    def built(self, key: Any, shape: tuple[int, ...], params: Parameters) -> Array:
        """Zeros of this shape, to which a function of the module adds what parameters give."""
        out = np.zeros(shape, self.dtype)
        self.functions[key](out, *self.tail(params))
        return out
