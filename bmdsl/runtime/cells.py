"""Lattices as cells: units whose couplings reach equally far in memory, so that what couples to a
unit follows from where it stands, and no list of couplings is made.

A *cell* is a box of places, or several of them, in which no stencil meets an end or turns around it
differently: the inside of the lattice, its borders, its corners. In a cell a coupling's other units
are columns k p + d of all groups side by side, k and d the coupling's own, for the unit's place p.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from ..plan.plan import Plan
from ..plan.stencils import Lattice, NotStencil, Stencil
from .coupling_blocks import ends_of, spread

Array = np.ndarray
MOST_ENTRIES = 1 << 20
"""Couplings of all cells together up to which they are worth it."""


class _Role(NamedTuple):
    """A stencil seen from one of its units, and where a unit at each place of an axis stands in it.

    `letter` [axis][place]: the letter's value less the place; `others` [axis][unit][place]: how far
    the other unit is; `present` [axis][place].
    """

    stencil: Stencil
    own: int
    present: list[Array]
    letter: list[Array]
    others: list[Array]


@dataclass(frozen=True)
class Cells:
    """A group's couplings as the ops of `cell_ops` take them."""

    arrays: Mapping[str, Array]
    """`lengths`, `cell_of`, `cells`, `entries`, `others`, `ramps`."""
    states: int
    """Numbers of a unit."""

    @property
    def operands(self) -> tuple[Array, ...]:
        """The arrays in the order in which compiled code takes them."""
        return tuple(self.arrays.values())

    @property
    def size(self) -> int:
        """Units of the group."""
        return len(self.arrays["cell_of"])

    @property
    def of_units(self) -> Array:
        """The cell of every unit, [units]."""
        return self.arrays["cell_of"]

    def members(self) -> Iterator[tuple[int, Array]]:
        """Each cell with its units."""
        order = np.argsort(self.of_units, kind="stable")
        ends = np.cumsum(np.bincount(self.of_units))
        for cell, units in enumerate(np.split(order, ends[:-1])):
            if len(units):
                yield cell, units

    def places(self, cell: int, state: int, units: Array) -> Iterator[Array]:
        """Where the values of each coupling of these units are, all of one cell, [units]."""
        lengths, ramps = self.arrays["lengths"][:-2], self.arrays["ramps"]
        place = np.array(np.unravel_index(units, tuple(int(n) for n in lengths)))
        lo, _, hi = self.arrays["cells"][cell * self.states + state]
        for _, value, by, *_ in self.arrays["entries"][lo:hi]:
            yield value + (by * units if by >= 0 else ramps[-1 - by] @ place)

    def couplings(self, columns: range, values: Array) -> tuple[Array, ...]:
        """The couplings of these columns, whole units, as `Incidence.bound` has them: from where
        the units stand, and these values of all couplings.
        """
        arrays, k = self.arrays, self.states
        unit, state = np.divmod(np.arange(columns.start, columns.stop), k)
        rows = arrays["cells"][self.of_units[unit].astype(np.int64) * k + state]
        pair, own = spread(rows[:, 0], rows[:, 1] - rows[:, 0])
        near = arrays["entries"][pair]
        more, more_own = spread(rows[:, 1], rows[:, 2] - rows[:, 1])
        first = arrays["entries"][more, 0]
        each = arrays["entries"][more + 1, 0] - first
        others, of = spread(first, each)
        further = arrays["others"][others]
        return (
            ends_of(rows[:, 1] - rows[:, 0]),
            near[:, 3] * unit[own] + near[:, 4],
            values[self._value_places(near, unit[own])],
            ends_of(rows[:, 2] - rows[:, 1]),
            values[self._value_places(arrays["entries"][more], unit[more_own])],
            ends_of(each),
            further[:, 0] * unit[more_own][of] + further[:, 1],
        )

    def _value_places(self, entries: Array, unit: Array) -> Array:
        """Where the value is of each of these couplings of a unit each."""
        value, by = entries[:, 1], entries[:, 2]
        if (by >= 0).all():
            return np.asarray(value + by * unit)
        lengths = tuple(int(n) for n in self.arrays["lengths"][:-2])
        along = self.arrays["ramps"][np.maximum(-1 - by, 0)] * np.stack(
            np.unravel_index(unit, lengths), axis=1
        )
        return np.asarray(value + np.where(by >= 0, by * unit, along.sum(axis=1)))

    def degrees(self) -> Array:
        """Couplings of a unit of each cell by state and order, [cells, …]; rows are alike where
        they have as many of each.
        """
        lengths = np.diff(self.arrays["entries"][:, 0])
        most = int(lengths.max(initial=1))
        out = np.zeros((len(self.arrays["cells"]), most + 1), np.int64)
        for row, (lo, _, hi) in enumerate(self.arrays["cells"]):
            out[row] = np.bincount(lengths[lo:hi], minlength=most + 1)
        return out.reshape(-1, self.states * (most + 1))


def cells_of(
    plan: Plan,
    lattice: Lattice,
    group: str,
    offset: Mapping[str, int],
    first: Mapping[int, int],
    terms: tuple[int, ...],
) -> Cells:
    """The cells of a group, of these terms alone. `offset`: where groups begin among all columns;
    `first`: where the values of a term begin among all.

    Couplings of a unit are in the order of a list of them: pairs first, and of these those whose
    other unit is further on. Raises NotStencil if there would be too many.
    """
    return _Making(plan, lattice, group, offset, first, terms).cells()


class _Making:
    """Makes the cells of one group."""

    def __init__(
        self,
        plan: Plan,
        lattice: Lattice,
        group: str,
        offset: Mapping[str, int],
        first: Mapping[int, int],
        terms: tuple[int, ...],
    ) -> None:
        self.plan, self.lattice, self.group = plan, lattice, group
        self.offset, self.first = offset, first
        self.states = {n: int(plan.group(n).states or 1) for n in lattice.groups}
        self.roles = [
            self._role(x, k)
            for x in lattice.stencils
            for k, u in enumerate(x.units)
            if u.group == group and x.term in terms
        ]
        self.terms = {t: k for k, t in enumerate(plan.listed)}
        self.strides = [prod(lattice.axes[a + 1 :]) for a in range(len(lattice.axes))]
        self.ramps: dict[tuple[int, ...], int] = {}

    def _role(self, x: Stencil, own: int) -> _Role:
        present, letters, others = [], [], []
        for a, n in enumerate(self.lattice.axes):
            place = np.arange(n)
            letter = place - x.units[own].offset[a]
            if x.units[own].wraps[a]:
                letter = (letter - x.box[a].start) % n + x.box[a].start
            there = (letter >= x.box[a].start) & (letter < x.box[a].stop)
            far = []
            for k, v in enumerate(x.units):
                if k != own:
                    to = letter + v.offset[a]
                    far.append(np.where(there, (to % n if v.wraps[a] else to) - place, 0))
            present.append(there)
            letters.append(np.where(there, letter - place, 0))
            others.append(np.array(far, np.int64).reshape(len(x.units) - 1, n))
        return _Role(x, own, present, letters, others)

    def cells(self) -> Cells:
        """All of them."""
        lattice, states = self.lattice, self.states[self.group]
        pieces, typical = [], []
        for a, n in enumerate(lattice.axes):
            facts = [np.concatenate([[r.present[a], r.letter[a]], r.others[a]]) for r in self.roles]
            each = np.concatenate([np.zeros((1, n), np.int64), *facts])
            _, where, which = np.unique(each, axis=1, return_index=True, return_inverse=True)
            pieces.append(which.reshape(-1))
            typical.append(where)
        counts = [len(x) for x in typical]
        if prod(counts) * states * max(1, len(self.roles)) > MOST_ENTRIES * states:
            raise NotStencil("too many places have couplings of their own")
        rows: list[tuple[int, int, int]] = []
        entries: list[tuple[int, ...]] = []
        others: list[tuple[int, int]] = []
        most = most_others = 0
        for number in range(prod(counts)):
            kind = np.unravel_index(number, counts)
            place = [int(x[k]) for x, k in zip(typical, kind, strict=True)]
            here = [
                r for r in self.roles if all(p[c] for p, c in zip(r.present, place, strict=True))
            ]
            begun = len(entries), len(others)
            for s in range(states):
                own = sorted(
                    (self._entry(r, place) for r in here if r.stencil.units[r.own].state == s),
                    key=lambda e: e[0],
                )
                pairs = sum(len(e[1]) == 1 for e in own)
                rows.append((len(entries), len(entries) + pairs, len(entries) + len(own)))
                for _, columns, value, by in own:
                    entries.append((len(others), value, by, *columns[0]))
                    others += columns
            most = max(most, len(entries) - begun[0])
            most_others = max(most_others, len(others) - begun[1])
        if len(entries) > MOST_ENTRIES:
            raise NotStencil("too many places have couplings of their own")
        entries.append((len(others), 0, 0, 0, 0))
        cell_of: Array = np.zeros((), np.int32)
        for a, x in enumerate(pieces):
            cell_of = np.add.outer(cell_of, (x * prod(counts[a + 1 :])).astype(np.int32))
        arrays = {
            "lengths": np.array([*lattice.axes, most, most_others], np.int64),
            "cell_of": cell_of.reshape(-1),
            "cells": np.array(rows, np.int64).reshape(-1, 3),
            "entries": np.array(entries, np.int64),
            "others": np.array(others, np.int64).reshape(-1, 2),
            "ramps": np.array(list(self.ramps), np.int64).reshape(-1, len(lattice.axes)),
        }
        return Cells(arrays, states)

    def _entry(
        self, r: _Role, place: Sequence[int]
    ) -> tuple[tuple[object, ...], list[tuple[int, int]], int, int]:
        """Where it stands among the unit's couplings, the other units' columns, where its value is,
        and how that moves with the place.
        """
        x, far = r.stencil, []
        at = sum(c * d for c, d in zip(place, self.strides, strict=True))
        for k, v in enumerate(u for m, u in enumerate(x.units) if m != r.own):
            by = sum(int(r.others[a][k][c]) * self.strides[a] for a, c in enumerate(place))
            scale = self.states[v.group]
            far.append((scale, self.offset[v.group] + scale * by + v.state))
        columns = [scale * at + d for scale, d in far]
        own = self.offset[self.group] + self.states[self.group] * at + x.units[r.own].state
        far = [far[k] for k in np.argsort(columns)]
        letters = [c + int(r.letter[a][c]) for a, c in enumerate(place)]
        loops = tuple(letters[-1 - v] if v < 0 else v for v in x.loops)
        rank = sum(c < own for c in columns)
        order = (len(columns) != 1, len(columns), rank, self.terms[x.term], loops)
        moved = sum(d * (v - c) for d, v, c in zip(x.steps, letters, place, strict=True))
        return order, far, self.first[x.term] + x.first + moved, self._steps(x.steps)

    def _steps(self, steps: tuple[int, ...]) -> int:
        """By how much the place of a value moves with the unit's, or −1 less the number of these
        steps along the axes.
        """
        pairs = zip(steps, self.strides, self.lattice.axes, strict=True)
        by = [(d, n) for d, n, length in pairs if length > 1]
        flat = by[-1][0] if by else 0
        if flat >= 0 and all(d == flat * n for d, n in by):
            return flat
        return -1 - self.ramps.setdefault(steps, len(self.ramps))
