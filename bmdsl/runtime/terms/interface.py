"""The one interface of all kinds of term bound to sizes, and what gradients are summed from and
into.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from typing import Any, ClassVar, Protocol

import numpy as np

from ...kernels import products
from ...plan.term_kinds import Kind
from ..addends import Addends
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array, power_of

Arrays = tuple[Any, ...]
"""What a term's parameters amount to, as the term itself made it."""
Rowwise = Mapping[str, Array]
"""Group → [rows, size]."""
NEARLY_ZERO = 1e-6
"""A coupling below it counts as none when the weakest one is looked for."""


class Weighted:
    """Rows with a weight each, over which statistics are summed."""

    def __init__(self, rows: Rowwise, weights: Array, plain: bool = False) -> None:
        """`plain`: whether products are summed by NumPy."""
        self.rows, self.weights, self.plain = rows, weights, plain
        alike = len(weights) and (weights == weights[0]).all()
        self.even = float(weights[0]) if alike else None
        """The weight of all rows, None if they differ."""

    def sum(self, name: str, power: int = 1) -> Array:
        """Σ_r w_r x^power, [size]."""
        found: Array = self.weights @ power_of(self.rows, name, power)
        return found

    def add_moment(self, x: Array, y: Array, out: Array, scale: float) -> Array:
        """out += scale · Σ_r w_r x_r ⊗ y_r; returns it."""
        even = self.even
        left = x if even is not None else x * self.weights[:, None]
        products.moment(left, y, out, scale if even is None else scale * even, self.plain)
        return out


class GradientSum:
    """Where a gradient is summed: scale times it is added to `out`, parameter by parameter."""

    def __init__(
        self, calls: ModuleCalls, params: Parameters, out: Mapping[str, Array], scale: float
    ) -> None:
        self.calls, self.params, self.out, self.scale = calls, params, out, scale
        into = [out[p.name] for p in calls.plan.model.parameters]
        self._arguments = (scale, *into, *calls.tail(params))

    def collect(self, key: Any, moment: Array | float) -> None:
        """Adds what a moment comes to by the parameters, through the module's own function."""
        self.calls.functions[key](moment, *self._arguments)


class Tables(Protocol):
    """What terms of finitely many states are written to, as log weights of single units."""

    def add_products(self, products: Addends) -> None:
        """Adds products of units' statistics, coupling by coupling."""

    def add_experts(self, expert: Any, arrays: Arrays) -> None:
        """Adds functions of projections."""


class BoundTerm(ABC):
    """Terms of one kind between the same groups: −E = … + what they add.

    States are [rows, size]. `arrays` is what the method of that name made of the parameters.
    """

    KINDS: ClassVar[frozenset[Kind]]
    """What the class accounts for in an energy."""
    groups: tuple[str, ...]
    """The groups whose units it couples, once for each of a coupling's units."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The groups whose fields it adds to."""
        return self.groups

    @abstractmethod
    def arrays(self, params: Parameters) -> Arrays:
        """What these parameters amount to: the couplings, parameters themselves as views."""

    def on_itself(self, arrays: Arrays) -> tuple[int, Array] | None:
        """The field, with the power of x that it is on, that couplings of units with themselves
        come to, [size]; it is part of these units' biases. None if there is no such coupling.
        """
        return None

    def alone(self, arrays: Arrays) -> Arrays | None:
        """The couplings at zero; None if nothing needs them then."""
        return None

    # ------------------------------------------------------------ fields

    def partner(self, name: str) -> str | None:
        """The group whose state alone gives the term's fields on another one; None if they follow
        from several groups together.
        """
        return None

    @abstractmethod
    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        """out [1 or 2, rows, size] += ∂(−E)/∂x and ∂(−E)/∂x² of a group; groups that `state`
        lacks count as zero.
        """

    def add_field_by_state(
        self, arrays: Arrays, name: str, picked: str, state: Rowwise, out: Array
    ) -> None:
        """out[r, k, u] += the field on x of a group for every state k of the one-of-K unit
        `picked`, for a term without a `partner`.
        """
        raise NotImplementedError

    def meeting(self, arrays: Arrays, name: str, state: Rowwise) -> tuple[Any, ...]:
        """How the group's units act on one another, as generated functions take it."""
        return ()

    # ------------------------------------------------------------ energies and gradients

    def within(self, groups: Set[str]) -> bool:
        """Whether the term is among these groups alone."""
        return groups >= {*self.groups}

    @abstractmethod
    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        """[rows], float64, or one number for all: what the term adds to −E."""

    @abstractmethod
    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        """into += Σ_r w_r ∂(−E)/∂θ."""

    # ------------------------------------------------------------ couplings one by one

    @abstractmethod
    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        """Its products of −E one by one, in columns of all groups side by side; with `real` (a
        mask of columns) at least those of degree 2 and more in these.
        """

    def enter(self, tables: Tables, arrays: Arrays) -> None:
        """Adds the term to tables over single units."""
        for part in self.addends(arrays):
            tables.add_products(part)

    def joined_units(self, free: Mapping[str, int]) -> int:
        """How many of so many free units of each group a matrix joins with every other one; 0 of a
        term that is no matrix.
        """
        return 0

    @abstractmethod
    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        """How steeply the energy goes in each of a group's columns at most, [size], and the least
        of one coupling that is not nearly 0. Units reach ± `reach`.
        """

    # ------------------------------------------------------------ degree in units without bounds

    def bends(self, real: Set[str]) -> bool:
        """Whether −E may be of degree 2 and more in units of these groups."""
        return sum(n in real for n in self.groups) >= 2

    def curving(self, arrays: Arrays) -> Arrays:
        """The arrays on which second derivatives depend."""
        return arrays

    def stretch(self, arrays: Arrays, real: Set[str], reach: Mapping[str, float]) -> float:
        """How far eigenvalues of the second derivatives move when `curving` arrays move by 1;
        infinite where they are no entries of these.
        """
        return np.inf


def alike(places: Array, powers: tuple[int, ...], values: Array, term: int) -> Addends:
    """Products of one term that all have the same powers."""
    n = len(places)
    return Addends(
        places.astype(np.int64),
        np.tile(np.array(powers, np.int64), (n, 1)),
        np.asarray(values, np.float64),
        np.full(n, term),
    )


def least(sizes: Array) -> float:
    """The smallest of these absolute values that is not nearly 0, else ∞."""
    return float(sizes[sizes > NEARLY_ZERO].min(initial=np.inf))


def first_term(calls: ModuleCalls, *names: str) -> int:
    """The first term of exactly these groups, for a message; with one name, of its square."""
    terms = calls.plan.model.terms
    for n, t in enumerate(terms):
        exactly = [u.group for u in t.units] == list(names)
        if exactly and (len(names) > 1 or t.units[0].power == 2):
            return n
    return next((n for n, t in enumerate(terms) if names[0] in {u.group for u in t.units}), 0)
