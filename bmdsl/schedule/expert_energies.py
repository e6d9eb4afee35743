"""The experts that see a group, in NumPy: their energies and slopes, and which auxiliary variables
they have.

Several terms' experts stand side by side: columns begins[t], ..., begins[t + 1] − 1 of u, M and s
are those of term t, whose functions from inside out are functions[t] (−1: no more), each of
coefficients[t] times its argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .expert_ops import FUNCTIONS

Array = np.ndarray
NAMES = tuple(FUNCTIONS)
NONE, STUDENT, SQUARES, LAPLACE, BINARY, SPIN = range(6)
"""Which auxiliary variables a term's experts have."""


@dataclass(frozen=True)
class Seen:
    """The experts that see a group, those of several terms side by side."""

    matrix: Array
    strength: Array
    begins: Array
    functions: Array
    coefficients: Array

    def part(self, t: int) -> slice:
        """The columns of term t."""
        return slice(int(self.begins[t]), int(self.begins[t + 1]))

    @property
    def terms(self) -> range:
        """The terms' numbers."""
        return range(len(self.begins) - 1)

    def names(self, t: int) -> list[str]:
        """The functions of term t from inside out."""
        return [NAMES[code] for code in self.functions[t] if code >= 0]

    def kind(self, t: int) -> int:
        """The auxiliary variables of term t at its present strengths; NONE if it has none."""
        names, s = self.names(t), self.strength[self.part(t)]
        positive = bool((s > 0).all())
        if names == ["square", "log1p"] and self.coefficients[t, 1] > 0 and positive:
            return STUDENT
        if names == ["square"] and positive:
            return SQUARES
        if names == ["abs"] and positive:
            return LAPLACE
        if names in (["softplus"], ["logcosh"]) and bool((s == -1).all()):
            return BINARY if names == ["softplus"] else SPIN
        return NONE

    def energy(self, u: Array) -> Array:
        """Σ_j s_j f(u_j) of every row."""
        total = np.zeros(len(u))
        for t in self.terms:
            value = self._of(t, u)[0]
            total += value @ self.strength[self.part(t)]
        return total

    def slope(self, u: Array) -> Array:
        """d energy / dx of every row, [rows, size]."""
        pull = np.concatenate([self._of(t, u)[1] for t in self.terms], axis=1)
        return np.asarray((pull * self.strength) @ self.matrix.T)

    def _of(self, t: int, u: Array) -> tuple[Array, Array]:
        return value_and_slope(self.names(t), self.coefficients[t], u[:, self.part(t)])


def value_and_slope(
    names: Sequence[str], coefficients: Sequence[float] | Array, u: Array
) -> tuple[Array, Array]:
    """f and f′ at arguments u, functions inside functions."""
    f = FUNCTIONS[names[0]]
    value, slope = f.value(u), f.slope(u)
    for name, coefficient in zip(names[1:], coefficients[1:], strict=False):
        inner = u.dtype.type(coefficient) * value
        value = FUNCTIONS[name].value(inner)
        slope = FUNCTIONS[name].slope(inner) * u.dtype.type(coefficient) * slope
    return value, slope


def bend_of(names: Sequence[str], coefficients: Sequence[float]) -> float:
    """The largest curvature |f″| of an expert, on a grid; 1 if f has a kink."""
    if "abs" in names:
        return 1.0
    u = np.linspace(-8, 8, 1601)
    return float(np.abs(np.gradient(value_and_slope(names, coefficients, u)[1], u)).max())
