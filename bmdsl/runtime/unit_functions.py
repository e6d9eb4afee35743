"""What unit types make of fields: means, log-partitions, base measures and their slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .module_calls import ModuleCalls
from .rows import Array


class UnitFunctions(ModuleCalls):
    """A generated module's functions of each group's fields η, [rows, size].

    A group whose type has the statistic x² has [2, rows, size], the fields on x and on x².
    """

    def shape(self, name: str, rows: int) -> tuple[int, ...]:
        """The shape of a group's fields."""
        size = (rows, self.sizes[name])
        return (2, *size) if self.plan.group(name).square else size

    def split_fields(self, name: str, eta: Array) -> tuple[Any, ...]:
        """Fields as the module's functions take them."""
        g = self.plan.group(name)
        return (
            (eta, self.states[name])
            if g.states is not None
            else (eta[0], eta[1])
            if g.square
            else (eta,)
        )

    def _of_fields(self, verb: str, name: str, eta: Array, out: Array) -> Array:
        self.functions[verb, name](*self.split_fields(name, eta), out)
        return out

    def mean(self, name: str, eta: Array) -> Array:
        """A′(η), a new array [rows, size]."""
        return self._of_fields("mean", name, eta, np.empty(eta.shape[-2:], self.dtype))

    def mean_square(self, name: str, eta: Array) -> Array:
        """E[x²] of a group whose type has that statistic."""
        return self._of_fields("mean_square", name, eta, np.empty(eta.shape[-2:], self.dtype))

    def log_partition(self, name: str, eta: Array) -> Array:
        """Σ A(η) over the group's units: [rows], float64."""
        return self._of_fields("log_partition", name, eta, np.empty(eta.shape[-2], np.float64))

    def log_base(self, name: str, x: Array) -> Array:
        """Σ log base measure over the group's units: [rows], float64; zero for one-of-K groups and
        types of base 1.
        """
        if self.plan.group(name).states is not None or not self.plan.group(name).unit.has_base():
            return np.zeros(len(x))
        out = np.empty(len(x), np.float64)
        self.functions["log_base", name](x, out)
        return out

    def curvature(self, name: str, eta: Array, delta: Array) -> Array:
        """A″(η) δ: how a group's means change with its fields, [rows, size].

        One-of-K units: p ∘ (δ − Σ p δ).
        """
        g = self.plan.group(name)
        if g.states is None:
            return (
                self._of_fields("variance", name, eta, np.empty(eta.shape[-2:], self.dtype)) * delta
            )
        p, d = (x.reshape(len(delta), -1, self.states[name]) for x in (self.mean(name, eta), delta))
        return (p * (d - (p * d).sum(2, keepdims=True))).reshape(delta.shape)

    def base_slope(self, name: str, x: Array) -> Array | None:
        """d log base(x)/dx, [rows, size]; None where the base measure is constant."""
        g = self.plan.group(name)
        if g.states is not None or not g.unit.has_base():
            return None
        out = np.empty_like(x)
        self.functions["base_slope", name](x, out)
        return out
