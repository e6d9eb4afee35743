"""One set of units without bounds that meet: a proof that their energy leaves a distribution, a ray
along which it falls, or neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from ..plan.streams import fixed_generator
from . import definite
from .addends import Addends, Rows
from .definite import Family
from .growth import Growth
from .pair_bounds import PairBounds, pair_bounds
from .program import Array
from .rays import Ray, Rays

MAX_STATES, MAX_WORK = 1 << 12, 1 << 28
"""Most joint states of bounded units that are looked at one by one, and their number times n³."""
MAX_DENSE = 2048
"""Most units whose joint precision is factored; of more, a proof needs each unit's precision above
the sum of its couplings.
"""
SLACK = 0.1
"""Share of the least precision that a proof tries to leave: parameters may move that far before it
is repeated.
"""


@dataclass(frozen=True)
class Finding:
    """What is known of the units at `columns`: `proper`, `improper` or `open`.

    `slack`: how much every eigenvalue may still fall.
    """

    columns: Array
    verdict: str
    slack: float = 0.0
    ray: Ray | None = None
    value: float = 0.0
    """The precision or eigenvalue that is not above 0, or the ray's coefficient."""
    term: int | None = None


class MeetingUnits:
    """The units at `columns`, the addends of degree 2 and more among them, and the experts that see
    them.
    """

    def __init__(
        self, growth: Growth, columns: Array, addends: Addends, experts: list[Rows]
    ) -> None:
        self.growth, self.columns, self.experts, self.addends = growth, columns, experts, addends
        degree = growth.real_degree(addends)
        self.threats = addends.picked((degree > 2) & ~_never_negative(growth, addends))
        self.quadratic = addends.picked(degree == 2)
        self.place = np.full(growth.one + 1, -1)
        self.place[columns] = np.arange(len(columns))
        self.nonneg = growth.side[columns] != 0
        self.sign = np.where(growth.side[columns] < 0, -1.0, 1.0)
        """Units that run down from an end are turned around."""
        self.steep = (growth.degree[columns] < 2) & (growth.precision[columns] == 0)
        self.walls = [e for e in experts if e.degree > 2]
        self.rays = Rays(growth, addends, experts)

    def finding(self) -> Finding:
        """The verdict on this set."""
        falling = any((np.minimum(e.up, e.down) < 0).any() for e in self.walls)
        basis, outgrown = self._open_directions()
        top = int(self.growth.real_degree(self.threats).max(initial=0))
        if not falling and basis is not None and basis.shape[1] == 0 and top < outgrown:
            return Finding(self.columns, "proper")
        if len(self.columns) > MAX_DENSE:
            plain = not falling and not top and not self.experts
            slack = max(self._dominance(), 0.0) if plain else 0.0
            return Finding(self.columns, "proper" if slack else "open", slack)
        if not falling and not top:
            family = self._family() if basis is None else self._family().over(basis)
            slack = (
                SLACK * float(np.diagonal(family.mid).min())
                if basis is None and not self.steep.any()
                else 0.0
            )
            for s in (slack, 0.0) if slack > 0 else (0.0,):
                if definite.proves(family.less(s)) or (
                    basis is None and self._proved_without(family.less(s))
                ):
                    return Finding(self.columns, "proper", s)
            exact = self._one_by_one(basis)
            if exact is not None:
                return exact
        ray = self.rays.find(self._sinks() if not top else [])
        if ray is None:
            return Finding(self.columns, "open")
        return Finding(
            self.columns, "improper", ray=ray, value=ray.coefficient, term=self._blamed(ray)
        )

    def _blamed(self, ray: Ray) -> int | None:
        """The term that pulls the energy down most along a ray."""
        parts = self.rays.parts(ray.direction, self.rays.weights(ray.state))
        parts = np.where(self.rays.degree == ray.degree, parts, 0.0)
        candidates = [
            (
                float(parts.min(initial=0.0)),
                int(self.addends.terms[int(np.argmin(parts))]) if len(parts) else None,
            )
        ]
        for e in self.experts:
            if e.degree == ray.degree:
                u = e.matrix @ ray.direction[:-1]
                candidates.append(
                    (float((np.where(u > 0, e.up, e.down) * np.abs(u) ** e.degree).sum()), e.term)
                )
        return min(candidates, key=lambda c: c[0])[1]

    # ------------------------------------------------------------ what experts outgrow

    def _open_directions(self) -> tuple[Array | None, int]:
        """Directions in which no expert grows faster than a square, as orthonormal columns (None:
        there is no such expert); the least such degree.
        """
        parts, degrees = [], []
        for e in self.walls:
            which = np.minimum(e.up, e.down) > 0
            if which.any():
                parts.append(e.matrix[which][:, self.columns] * self.sign)
                degrees.append(e.degree)
        fast = np.flatnonzero(self.growth.degree[self.columns] > 2)
        if len(fast):
            parts.append(np.eye(len(self.columns))[fast])
            degrees += [int(d) for d in self.growth.degree[self.columns[fast]]]
        if not parts:
            return None, 0
        rows = np.concatenate(parts)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        _, size, turned = np.linalg.svd(rows)
        rank = int((size > 1e-10 * size[0]).sum())
        return turned[rank:].T, min(degrees)

    # ------------------------------------------------------------ the precision matrix

    def _bounds(self, addends: Addends) -> tuple[PairBounds, Array, Array]:
        b = pair_bounds(self.growth, addends)
        return b, self.place[b.first], self.place[b.second]

    def _dominance(self) -> float:
        """By how much units' least precisions are above the sums of their couplings, at least: no
        eigenvalue is lower (Gershgorin).
        """
        b, i, j = self._bounds(self.quadratic)
        own, size = i == j, np.maximum(np.abs(b.low), np.abs(b.high))
        rest = self.growth.precision[self.columns]
        np.add.at(rest, i[own], 2 * b.low[own])
        for x in (i, j):
            np.subtract.at(rest, x[~own], size[~own])
        return float(rest.min())

    def _experts_below(self) -> Array:
        """The least that experts of degree 2 add to Q."""
        out = np.zeros((len(self.columns),) * 2)
        for e in self.experts:
            if e.degree == 2:
                m = e.matrix[:, self.columns] * self.sign
                out += 2 * (m.T * np.minimum(e.up, e.down)) @ m
        return out

    def _family(self) -> Family:
        """Q up to what bounded units change of it."""
        n = len(self.columns)
        mid, radius = np.zeros((n, n)), np.zeros((n, n))
        b, i, j = self._bounds(self.quadratic)
        low, high = np.where(self.sign[i] * self.sign[j] > 0, (b.low, b.high), (-b.high, -b.low))
        own = i == j
        mid[i[own], i[own]] = 2 * low[own]
        with np.errstate(invalid="ignore"):
            middle, half = (low + high) / 2, (high - low) / 2
        for x, y in ((i, j), (j, i)):
            mid[x[~own], y[~own]] = np.where(np.isfinite(middle), middle, 0.0)[~own]
            radius[x[~own], y[~own]] = np.where(np.isfinite(half), half, np.inf)[~own]
        mid[np.diag_indices(n)] += self.growth.precision[self.columns]
        return Family(mid + self._experts_below(), radius, self.nonneg)

    def _proved_without(self, family: Family) -> bool:
        """A proof with the units of one group, which do not meet one another, put at
        their minima.
        """
        if any(e.degree == 2 for e in self.experts) or len(self.quadratic.values) > 200_000:
            return False
        group = np.array([self.growth.group_of(int(c)) for c in self.columns])
        a = self.quadratic
        real = self.growth.real[a.places]
        first, second = (self.place[x] for x in _ends(self.growth, a))
        bounds = np.abs(
            self.growth.interval(Addends(a.places, a.powers, np.ones(len(a.values)), a.terms))
        ).max(0)
        with_bounds = np.where(
            real, self.growth.one, a.places * 16 + a.powers
        )  # which bounded units, to which powers
        _, key = np.unique(with_bounds, axis=0, return_inverse=True)
        key = key.ravel()
        for name in np.unique(group):
            inside = group == name
            crossing = inside[first] != inside[second]
            if (
                (inside[first] & inside[second] & (first != second)).any()
                or inside.all()
                or not np.isfinite(bounds[crossing]).all()
            ):
                continue
            mine, other = (
                np.where(inside[first], first, second),
                np.where(inside[first], second, first),
            )
            rows: dict[int, dict[int, tuple[float, Array]]] = {
                int(u): {} for u in np.flatnonzero(inside)
            }
            for k in np.flatnonzero(crossing):
                part = rows[int(mine[k])].setdefault(
                    int(key[k]), (float(bounds[k]), np.zeros(len(self.columns)))
                )
                part[1][other[k]] += a.values[k] * self.sign[mine[k]] * self.sign[other[k]]
            columns = np.array(list(rows))
            smaller = definite.without(family, columns, [list(p.values()) for p in rows.values()])
            if smaller is not None and definite.proves(smaller):
                return True
        return False

    # ------------------------------------------------------------ state by state

    def _one_by_one(self, basis: Array | None) -> Finding | None:
        """The verdict from every joint state of the bounded units; None where they are too many, or
        not all that could be bad.
        """
        a, g = self.quadratic, self.growth
        used = np.unique(g.unit[a.places[~g.real[a.places] & (a.places != g.one)]])
        found = [g.candidates(int(u)) for u in used]
        known = [c for c in found if c is not None]
        count = prod(len(c[0]) for c in known)
        n = len(self.columns)
        if (
            len(known) < len(found)
            or count > MAX_STATES
            or count * max(n**3, len(a.values) * a.places.shape[1]) > MAX_WORK
        ):
            return None
        states = np.zeros((count, g.one + 1))
        states[:, g.one] = 1.0
        picks = list(product(*(range(len(c[0])) for c in known)))
        for m, (unit, (values, _)) in enumerate(zip(used, known, strict=True)):
            states[:, g.unit == unit] = values[[p[m] for p in picks]]
        q = np.zeros((count, n, n))
        first, second = (self.place[x] for x in _ends(g, a))
        real = g.real[a.places]
        for k, (i, j) in enumerate(zip(first, second, strict=True)):
            w = (
                a.values[k]
                * self.sign[i]
                * self.sign[j]
                * np.where(real[k], 1.0, states[:, a.places[k]] ** a.powers[k]).prod(1)
            )
            q[:, i, j] += w
            q[:, j, i] += w
        q += np.diag(g.precision[self.columns]) + self._experts_below()
        sharp = all(sure for _, sure in known) and not _both_powers(g, a)
        return self._worst(q, states, basis, sharp)

    def _worst(self, q: Array, states: Array, basis: Array | None, sharp: bool) -> Finding | None:
        steep = np.flatnonzero(self.steep)
        for p in steep:  # grows more slowly than a square: whatever it meets must push it down
            bad = np.where(self.nonneg, np.minimum(q[:, p], 0), -np.abs(q[:, p]))
            bad[:, p] = 0
            if (bad < 0).any():
                at, j = np.unravel_index(int(np.argmin(bad)), bad.shape)
                x = np.zeros(len(self.columns))
                x[p], x[j] = 1.0, -np.sign(q[at, p, j]) * abs(q[at, p, j]) / max(q[at, j, j], 1e-12)
                return self._confirmed(x, states[at], float(bad[at, j]))
        rest = np.setdiff1d(np.arange(len(self.columns)), steep)
        if not len(rest):
            return Finding(self.columns, "proper") if sharp else None
        made = definite.least(
            q[:, rest][:, :, rest], self.nonneg[rest], None if basis is None else basis[rest]
        )
        if made is None:
            return None
        value, x = made
        worst = int(np.argmin(value))
        if value[worst] > 0:
            return (
                Finding(
                    self.columns,
                    "proper",
                    0.5 * float(value[worst]) if not self.nonneg.any() and basis is None else 0.0,
                )
                if sharp
                else None
            )
        full = np.zeros(len(self.columns))
        full[rest] = x[worst]
        return self._confirmed(full, states[worst], float(value[worst]))

    def _confirmed(self, x: Array, state: Array, value: float) -> Finding | None:
        direction = np.zeros(self.growth.one + 1)
        direction[self.columns] = x * self.sign
        ray = self.rays.leading(direction, state)
        one_sided = any(e.degree == 2 and (e.up != e.down).any() for e in self.experts)
        if ray is None and (value < 0 or one_sided or self.walls):
            return None
        ray = ray or Ray(direction, state, 2, 0.0)  # flat: no distribution either
        return Finding(self.columns, "improper", ray=ray, value=value, term=self._blamed(ray))

    def _sinks(self) -> list[tuple[Array, Array]]:
        """Directions of the least eigenvalues at a few states of the bounded units, as starts of a
        search.
        """
        out = []
        generator = fixed_generator("SINKS")
        n, g, a = len(self.columns), self.growth, self.quadratic
        first, second = (self.place[x] for x in _ends(g, a))
        extremes = [
            np.where(g.real, 0.0, np.where(np.isfinite(x), x, 0.0)) for x in (g.low, g.high)
        ]
        for state in [*extremes, *(self.rays.anywhere(generator) for _ in range(3))]:
            state[g.one] = 1.0
            w = (
                self.rays.weights(state)[self.rays.degree == 2]
                * self.sign[first]
                * self.sign[second]
            )
            q = np.zeros((n, n))
            np.add.at(q, (first, second), w)
            q = q + q.T + np.diag(g.precision[self.columns]) + self._experts_below()
            x = definite.sunk(q, self.nonneg)
            direction = np.zeros(g.one + 1)
            direction[self.columns] = x * self.sign
            out.append((direction, state))
        return out


def _ends(g: Growth, a: Addends) -> tuple[Array, Array]:
    """The two columns without bounds of every addend of degree 2; the same twice for a square."""
    real = g.real[a.places]
    return np.where(real, a.places, g.one).min(1), np.where(real, a.places, -1).max(1)


def _never_negative(g: Growth, a: Addends) -> Array:
    """Addends that are at least 0 wherever their units are, [n]."""
    low, high = g.interval(a)
    odd = g.real[a.places] & (a.powers % 2 == 1)
    side = np.where(odd, g.side[a.places], 1)
    beyond = odd & (
        ((side > 0) & (g.low[a.places] < 0)) | ((side < 0) & (g.high[a.places] > 0))
    )  # an end past 0: either sign
    sign = np.where(beyond, 0, side).prod(1)
    return np.asarray(((sign > 0) & (low >= 0)) | ((sign < 0) & (high <= 0)))


def _both_powers(g: Growth, a: Addends) -> bool:
    """Whether a unit of an interval stands in some addends as x and in others as x²: its extremes
    may then lie inside.
    """
    bounded = ~g.real[a.places] & (a.places != g.one)
    places, powers = a.places[bounded], a.powers[bounded]
    for column in np.unique(places[powers > 1]):
        if (powers[places == column] == 1).any() and g.is_interval(int(column)):
            return True
    return False
