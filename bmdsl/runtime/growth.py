"""The energy far out: its units without bounds, how fast their base measures fall, and its addends
of degree 2 and more in them.

    E(x; s) − log base(x) = ½ Σ λ_i x_i² + Σ_k c_k Π x^p Π s^q + Σ_j s_j f(M_j x + …),    x without
    bounds, s with bounds

Whether exp(−E) can be summed is decided by these alone: what is linear in x, or bounded, is
outgrown by every base measure here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..plan.plan import GroupPlan
from ..units.interface import FAR
from .addends import Addends, Rows
from .domain import ends, support_of
from .experts import BoundExpert
from .program import Array, Fields, Program

CLEARLY = 0.05
"""How far an exponent read off numerically may be from the whole number that it is."""
MAX_CANDIDATES = 64
"""States of one bounded unit that are looked at one by one."""


@dataclass(frozen=True)
class _End:
    """Where the values of a group's units end, and its base measure far out."""

    low: float
    high: float
    real: bool
    degree: float
    lead: float


class Growth:
    """What of a program decides whether its energy leaves a distribution.

    Columns are those of all groups, one after another, then the number 1.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        plan = program.plan
        self.offset, total = program.offset, sum(program.sizes.values())
        self.one = total
        self._of_group = {g.name: self._end(g) for g in plan.groups}
        self.reals = frozenset(n for n, x in self._of_group.items() if x.real and program.sizes[n])
        """The groups of units without bounds."""
        self.curved = [
            e for e in program.experts if e.projection.growth()[0] >= 2 and self.reals & {*e.groups}
        ]

    def _end(self, g: GroupPlan) -> _End:
        low, high = ends(g)
        real = g.role != "given" and not bool(np.isfinite([low, high]).all())
        degree, lead = (
            _base_growth(self.program, g.name, bool(np.isfinite(high))) if real else (0.0, 0.0)
        )
        return _End(low, high, real, degree, lead)

    def _columns(self, last: float | bool, of: Callable[[_End], float | bool]) -> Array:
        """A number of each column's group, and one for the number 1."""
        out = np.full(self.one + 1, last)
        for name, at in self.offset.items():
            out[at : at + self.program.sizes[name]] = of(self._of_group[name])
        return out

    @cached_property
    def low(self) -> Array:
        """The least value of each column."""
        return self._columns(1.0, lambda e: e.low)

    @cached_property
    def high(self) -> Array:
        """The greatest value of each column."""
        return self._columns(1.0, lambda e: e.high)

    @cached_property
    def real(self) -> Array:
        """Whether columns are units without bounds."""
        return self._columns(False, lambda e: e.real)

    @cached_property
    def degree(self) -> Array:
        """Of base measures: the degree of −log base(x)."""
        return self._columns(0.0, lambda e: e.degree)

    @cached_property
    def lead(self) -> Array:
        """The leading coefficient of −log base(x)."""
        return self._columns(0.0, lambda e: e.lead)

    @cached_property
    def precision(self) -> Array:
        """λ of the base measures that fall like λx²/2."""
        return self._columns(0.0, lambda e: 2 * e.lead if e.degree == 2 else 0.0)

    @cached_property
    def side(self) -> Array:
        """1: from an end up, −1: from an end down, 0: both ways."""
        return (
            np.where(np.isfinite(self.low), 1, np.where(np.isfinite(self.high), -1, 0)) * self.real
        )

    @cached_property
    def unit(self) -> Array:
        """The first column of each column's unit; −1 of the number 1."""
        out = np.full(self.one + 1, -1)
        for name, at in self.offset.items():
            size, width = self.program.sizes[name], self.program.states[name]
            out[at : at + size] = at + np.arange(size) // width * width
        return out

    def group_of(self, column: int) -> str:
        """The group of a column."""
        return next(n for n in reversed(self.offset) if self.offset[n] <= column)

    def shown(self, column: int) -> str:
        """A column's unit as it is written: `x[1, 0]`."""
        name = self.group_of(column)
        axes = self.program.plan.axes(name)
        place = np.unravel_index(column - self.offset[name], axes) if axes else ()
        return f"{name}[{', '.join(map(str, place))}]" if axes else name

    @cached_property
    def can_fail(self) -> bool:
        """Whether any setting of the parameters leaves no distribution: terms of degree 2 and more
        in units without bounds, or such experts.
        """
        terms = self.program.plan.model.terms
        reals = self.reals
        flat = any(0 < self._of_group[n].degree <= 1 + CLEARLY for n in reals)
        return (
            flat
            or bool(self.curved)
            or any(sum(u.power for u in t.units if u.group in reals) >= 2 for t in terms)
        )

    # ------------------------------------------------------------ what the parameters amount to

    def addends(self, f: Fields) -> Addends:
        """All addends of degree 2 and more in units without bounds, none of value 0."""
        parts = []
        for term, arrays in f.terms:
            for part in term.addends(arrays, self.real) if term.bends(self.reals) else ():
                made = self._merged(part.places, part.powers, -part.values, part.terms)
                which = (self.real_degree(made) >= 2) & (made.values != 0)
                if which.any():
                    parts.append(made.picked(which))
        return Addends.joined(parts, self.one)

    def real_degree(self, a: Addends) -> Array:
        """Degree in units without bounds, [n]."""
        return np.asarray((a.powers * self.real[a.places]).sum(1))

    def _merged(self, places: Array, powers: Array, values: Array, terms: Array) -> Addends:
        """A unit met twice is that unit to a power; two states of one unit are never on
        together.
        """
        if places.shape[1] > 1:
            order = np.argsort(places, axis=1, kind="stable")
            places, powers = (
                np.take_along_axis(places, order, 1),
                np.take_along_axis(powers, order, 1).copy(),
            )
            for m in range(1, places.shape[1]):
                same = (places[:, m] == places[:, m - 1]) & (places[:, m] != self.one)
                powers[same, m] += powers[same, m - 1]
                places = np.where(
                    np.arange(places.shape[1]) == m - 1,
                    np.where(same, self.one, places[:, m - 1])[:, None],
                    places,
                )
                powers[same, m - 1] = 1
        return Addends(places, powers, values, terms)

    def experts(self, f: Fields) -> list[Rows]:
        """Experts that grow like the square of their projection, or faster."""
        out = []
        for e, (matrix, _, strength) in f.experts:
            if e not in self.curved:
                continue
            wide = np.zeros((len(matrix), self.one))
            for n in e.groups:
                inside = slice(self.offset[n], self.offset[n] + self.program.sizes[n])
                wide[:, inside] = (
                    matrix[:, e.begin[n] : e.begin[n] + self.program.sizes[n]] * self.real[inside]
                )
            which = (strength != 0) & (wide != 0).any(1)
            degree, up, down = far_out(e)
            if which.any() and degree >= 2:
                s = strength[which].astype(np.float64)
                out.append(Rows(degree, wide[which], s * up, s * down, e.number))
        return out

    # ------------------------------------------------------------ units with bounds

    def candidates(self, unit: int) -> tuple[Array, bool] | None:
        """States [m, width] of the bounded unit that begins at this column, and whether they
        suffice.

        A function that is affine in the unit has its least value at one of them where they do.
        None for a given unit without bounds.
        """
        name = self.group_of(unit)
        width = self.program.states[name]
        support = support_of(self.program, name)
        low, high = self.low[unit], self.high[unit]
        if support is not None and len(support) <= MAX_CANDIDATES:
            return np.asarray(support, np.float64).reshape(len(support), width), True
        if not np.isfinite([low, high]).all():
            return None
        if width > 1:
            angles = 2 * np.pi * np.arange(16) / 16
            return (
                np.stack([np.cos(angles), np.sin(angles)], 1)
                if width == 2
                else np.vstack([np.eye(width), -np.eye(width)])
            ), False
        middle = [0.0] if low < 0 < high else []
        return np.array([low, high, *middle])[:, None], True

    def is_interval(self, column: int) -> bool:
        """Whether a bounded unit takes a continuum of values."""
        support = support_of(self.program, self.group_of(column))
        return support is None or len(support) > MAX_CANDIDATES

    def interval(self, a: Addends) -> tuple[Array, Array]:
        """The least and the largest value of c · Π (units with bounds), [n]: over each unit by
        itself.
        """
        low, high = a.values.copy(), a.values.copy()
        for m in range(a.places.shape[1]):
            place, power = a.places[:, m], a.powers[:, m]
            there = ~self.real[place] & (place != self.one)
            if not there.any():
                continue
            lo, hi = self.low[place] ** power, self.high[place] ** power
            lo, hi = np.minimum(lo, hi), np.maximum(lo, hi)
            lo = np.where(
                (power % 2 == 0) & (self.low[place] < 0) & (self.high[place] > 0), 0.0, lo
            )
            with np.errstate(invalid="ignore"):
                ends_ = [
                    np.nan_to_num(x * y, nan=0.0, posinf=np.inf, neginf=-np.inf)
                    for x in (low, high)
                    for y in (lo, hi)
                ]
            low = np.where(there, np.min(ends_, 0), low)
            high = np.where(there, np.max(ends_, 0), high)
        return low, high


def _base_growth(program: Program, name: str, downward: bool) -> tuple[float, float]:
    """−log base(x) ≈ c |x|^d far out: (d, c).

    A Gaussian has (2, 1/2σ²), counts with 1/x! a d between 1 and 2.
    """
    g = program.plan.group(name)
    far = -FAR if downward else FAR
    near, beyond = (-float(g.unit.log_base(x, *g.arguments)) for x in (far, 2 * far))
    if not (near > 0 and beyond > near):
        return 1.0, 0.0
    degree = float(np.log2(beyond / near))
    degree = float(round(degree)) if abs(degree - round(degree)) < CLEARLY else degree
    return degree, near / FAR**degree


def far_out(e: BoundExpert) -> tuple[int, float, float]:
    """f(u) ≈ up · u^d for u → ∞, down · |u|^d for u → −∞: (d, up, down)."""
    degree, factor = e.projection.growth()
    far = 1e5
    value, _ = e.value_and_slope(np.array([far, -far]))
    up, down = (factor if v > 0.5 * factor * far**degree else 0.0 for v in value)
    return degree, up, down
