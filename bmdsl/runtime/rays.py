"""Directions along which the energy falls without end, looked for and never guessed: each is
checked by its leading coefficient.

Along x = r u the energy is a polynomial in r (and in |r| where experts act). Where its leading
coefficient is below 0, exp(−E) grows in a tube around the ray that narrows like a power of r only,
so that no distribution is left, whatever the terms of lower degree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..plan.streams import fixed_generator
from .addends import Addends, Rows
from .growth import Growth
from .program import Array

STARTS, DESCENTS = 48, 40
"""Most directions that are tried, and steps down from each."""
EXACT = 1e-9
"""A coefficient below this share of what it is the sum of says nothing about its sign."""


@dataclass(frozen=True)
class Ray:
    """Units in proportions `direction` [columns], bounded ones at `state` [columns]; the energy
    falls as `coefficient` · r^degree.
    """

    direction: Array
    state: Array
    degree: int
    coefficient: float


class Rays:
    """The growth of one set of units that meet: its addends, its experts."""

    def __init__(self, growth: Growth, addends: Addends, experts: list[Rows]) -> None:
        self.growth, self.addends, self.experts = growth, addends, experts
        self.degree = growth.real_degree(addends)
        self._real = growth.real[addends.places]
        self._places, self._powers = addends.places, addends.powers

    # ------------------------------------------------------------ what a ray amounts to

    def weights(self, state: Array) -> Array:
        """c · Π (units with bounds) of every addend, [n]."""
        factors = np.where(self._real, 1.0, state[self._places] ** self._powers)
        return np.asarray(self.addends.values * factors.prod(1))

    def parts(self, direction: Array, weights: Array) -> Array:
        """What every addend amounts to at r = 1, [n]."""
        factors = np.where(self._real, direction[self._places] ** self._powers, 1.0)
        return np.asarray(weights * factors.prod(1))

    def leading(self, direction: Array, state: Array) -> Ray | None:
        """The ray with its leading coefficient, where that is below 0; else None."""
        parts = self.parts(direction, self.weights(state))
        sums: dict[int, list[Array]] = {}
        for d in np.unique(self.degree):
            sums[int(d)] = [parts[self.degree == d]]
        for e in self.experts:
            u = e.matrix @ direction[: e.matrix.shape[1]]
            u = np.where(np.abs(u) <= 1e-10 * np.linalg.norm(e.matrix, axis=1), 0.0, u)
            sums.setdefault(e.degree, []).append(
                np.where(u > 0, e.up, e.down) * np.abs(u) ** e.degree
            )
        inside = direction != 0
        for d in np.unique(self.growth.degree[inside & (self.growth.degree >= 2)]).astype(int):
            at = inside & (self.growth.degree.astype(int) == d)
            sums.setdefault(int(d), []).append(self.growth.lead[at] * np.abs(direction[at]) ** d)
        for d in sorted(sums, reverse=True):
            every = np.concatenate(sums[d])
            total, size = float(every.sum()), float(np.abs(every).sum())
            if size == 0:
                continue
            if total < -EXACT * size:
                return Ray(direction, state, d, total)
            return None
        return None

    # ------------------------------------------------------------ the search

    def find(self, starts: list[tuple[Array, Array]]) -> Ray | None:
        """A ray along which the energy falls: from `starts`, then from directions that make one
        addend or expert negative, and down from there.
        """
        generator = fixed_generator("RAYS")
        for direction, state in [*starts, *self._starts(generator)]:
            ray = self.leading(direction, state) or self._down(direction, state)
            if ray is not None:
                return ray
        return None

    def _starts(self, generator: np.random.Generator) -> list[tuple[Array, Array]]:
        g, out = self.growth, []
        low, high = g.interval(self.addends)
        odd = (self._powers % 2 == 1) & self._real
        signs = np.where(odd, g.side[self._places], 1)
        both_ways = (signs == 0).any(1)
        sign = np.where(signs == 0, 1, signs).prod(1)
        deepest = np.where(
            both_ways, -np.maximum(np.abs(low), np.abs(high)), np.where(sign > 0, low, -high)
        )
        order = np.lexsort((deepest, -self.degree))
        for k in order[deepest[order] < 0][:STARTS]:
            direction, columns = np.zeros(g.one + 1), self._places[k][self._real[k]]
            direction[columns] = np.where(g.side[columns] == 0, 1, g.side[columns])
            state = self._state_for(int(k), generator)
            if both_ways[k]:
                if self.parts(direction, self.weights(state))[k] > 0:
                    direction[self._places[k][odd[k] & (signs[k] == 0)][0]] *= -1
            out.append((direction, state))
            out.append(
                (
                    np.where(
                        direction != 0,
                        direction * np.exp(0.3 * generator.normal(size=direction.shape)),
                        0.0,
                    ),
                    state,
                )
            )
        for e in self.experts:
            for row, up, down in list(zip(e.matrix, e.up, e.down, strict=True))[:STARTS]:
                if min(up, down) < 0:
                    direction = np.append(row if up < 0 else -row, 0.0)
                    direction = np.where(g.side[: len(direction)] * direction < 0, 0.0, direction)
                    out.append((direction, self.anywhere(generator)))
        everywhere = np.zeros(g.one + 1)
        everywhere[np.unique(self._places[self._real])] = 1.0
        for _ in range(4):
            noise = generator.normal(size=everywhere.shape)
            out.append(
                (
                    everywhere * np.where(g.side == 0, noise, g.side * np.abs(noise)),
                    self.anywhere(generator),
                )
            )
        return [(d / np.linalg.norm(d), s) for d, s in out if d.any()]

    def _bounded(self) -> Array:
        """Bounded units that these addends read."""
        columns = np.unique(self._places[~self._real])
        return np.unique(self.growth.unit[columns[columns != self.growth.one]])

    def anywhere(self, generator: np.random.Generator) -> Array:
        """A state of the bounded units at random, [columns]."""
        state = np.zeros(self.growth.one + 1)
        state[-1] = 1.0
        for unit in self._bounded():
            self._put(state, int(unit), lambda states: int(generator.integers(len(states))))
        return state

    def _put(self, state: Array, unit: int, choose) -> None:  # type: ignore[no-untyped-def]  # states → which of them
        found = self.growth.candidates(unit)
        columns = np.flatnonzero(self.growth.unit == unit)
        state[columns] = 0.0 if found is None else found[0][choose(found[0])]

    def _state_for(self, k: int, generator: np.random.Generator) -> Array:
        """A state in which addend k is as far from 0 as its bounded units allow."""
        state = self.anywhere(generator)
        for m in np.flatnonzero(~self._real[k] & (self._places[k] != self.growth.one)):
            column, power = int(self._places[k, m]), int(self._powers[k, m])
            unit = int(self.growth.unit[column])
            at = column - int(np.flatnonzero(self.growth.unit == unit)[0])
            self._put(
                state,
                unit,
                lambda states, at=at, power=power: int(np.argmax(np.abs(states[:, at] ** power))),
            )
        signs = np.where(self._real, self.growth.side[self._places] ** (self._powers % 2), 1)[k]
        if (
            not (signs == 0).any()
            and self.addends.values[k] * signs.prod() * self._bounded_part(k, state) > 0
        ):
            for m in np.flatnonzero(~self._real[k] & (self._places[k] != self.growth.one)):
                column, power = int(self._places[k, m]), int(self._powers[k, m])
                unit, before = int(self.growth.unit[column]), state.copy()
                at = column - int(np.flatnonzero(self.growth.unit == unit)[0])
                turn = -np.sign(before[column] ** power)
                self._put(
                    state,
                    unit,
                    lambda states, at=at, power=power, turn=turn: int(
                        np.argmax(turn * states[:, at] ** power)
                    ),
                )
                if self._bounded_part(k, state) * self._bounded_part(k, before) < 0:
                    break
                state[:] = before
        return state

    def _bounded_part(self, k: int, state: Array) -> float:
        return float(np.where(self._real[k], 1.0, state[self._places[k]] ** self._powers[k]).prod())

    def _down(self, direction: Array, state: Array) -> Ray | None:
        """Steps down the form of highest degree on the ray's own units, bounded units put at their
        best in between.
        """
        inside = direction != 0
        top = self._top(direction, state)
        for step in range(DESCENTS):
            slope = self._slope(direction, self.weights(state), top) * inside
            slope -= direction * float(slope @ direction)
            size = float(np.linalg.norm(slope))
            if size < 1e-12:
                break
            moved = direction - 0.3 / (1 + 0.1 * step) * slope / size
            moved = np.where(self.growth.side * moved < 0, 0.0, moved) * inside
            if not moved.any():
                break
            direction = moved / np.linalg.norm(moved)
            if step % 4 == 0:
                state = self._best_state(direction, state, top)
            ray = self.leading(direction, state)
            if ray is not None:
                return ray
        return None

    def _top(self, direction: Array, state: Array) -> int:
        parts = self.parts(direction, self.weights(state))
        degrees = [
            2,
            *self.degree[parts != 0],
            *(e.degree for e in self.experts if (e.matrix @ direction[:-1]).any()),
        ]
        return int(max(degrees))

    def _slope(self, direction: Array, weights: Array, top: int) -> Array:
        """The slope of the form of degree `top` in the direction, [columns]."""
        out = np.zeros(self.growth.one + 1)
        which = self.degree == top
        places, powers, real, w = (
            x[which] for x in (self._places, self._powers, self._real, weights)
        )
        values = np.where(real, direction[places] ** powers, 1.0)
        for m in range(places.shape[1]):
            others = np.delete(values, m, axis=1).prod(1)
            own = np.where(
                real[:, m], powers[:, m] * direction[places[:, m]] ** (powers[:, m] - 1), 0.0
            )
            np.add.at(out, places[:, m], w * others * own)
        if top == 2:
            out += self.growth.precision * direction
        for e in self.experts:
            if e.degree == top:
                u = e.matrix @ direction[:-1]
                out[:-1] += (
                    np.where(u > 0, e.up, e.down) * top * np.abs(u) ** (top - 1) * np.sign(u)
                ) @ e.matrix
        return out

    def _best_state(self, direction: Array, state: Array, top: int) -> Array:
        state = state.copy()
        which = self.degree == top
        for unit in self._bounded()[:256]:
            found = self.growth.candidates(int(unit))
            if found is None:
                continue
            columns = np.flatnonzero(self.growth.unit == unit)
            totals = []
            for values in found[0]:
                state[columns] = values
                totals.append(float(self.parts(direction, self.weights(state))[which].sum()))
            state[columns] = found[0][int(np.argmin(totals))]
        return state
