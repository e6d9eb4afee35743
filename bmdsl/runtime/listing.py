"""Couplings that are written out one by one, as arrays: what a lattice, a graph or a term of three
units is to the kernels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..graph.colouring import colour_order
from ..kernels import listed
from ..language.diagnostics import fail
from ..plan.identifiers import Key
from ..plan.plan import GroupPlan, Plan
from ..plan.stencils import NotStencil
from ..units.interface import reduced_power
from .coupling_blocks import blocks_of, once
from .stencil_couplings import StencilCouplings
from .tiles import tiles_of

Array = np.ndarray
FEW = 2048
"""Settings of a term's letters up to which its couplings are listed without compiled code."""


@dataclass(frozen=True)
class Couplings:
    """Couplings of one order: `places` [couplings, order] are distinct columns, `number` the place
    of each in the list of all values.
    """

    places: Array
    number: Array


@dataclass(frozen=True)
class Incidence:
    """A group's couplings, unit after unit.

    `source` and `more_source` are places in the list of all values.
    """

    start: Array
    other: Array
    source: Array
    more: Array
    more_source: Array
    more_start: Array
    more_other: Array

    def bound(self, values: Array) -> tuple[Array, ...]:
        """The arrays that kernels take, with these values."""
        return (
            self.start,
            self.other,
            values[self.source],
            self.more,
            values[self.more_source],
            self.more_start,
            self.more_other,
        )


def no_couplings(size: int, dtype: np.dtype[Any]) -> tuple[Array, ...]:
    """The arrays of so many units without any coupling, as kernels take them."""
    others, values = np.zeros(0, np.int32), np.zeros(0, dtype)
    start, none = np.zeros(size + 1, np.int64), np.zeros(1, np.int64)
    return start, others, values, start, values, none, others


def _stencils(
    plan: Plan, functions: Mapping[Key, Any], offset: Mapping[str, int]
) -> StencilCouplings | None:
    try:
        found = StencilCouplings(plan, plan.lattice, functions, offset)
    except NotStencil:
        return None
    return found if found.can() else None


class Listing:
    """The listed terms of a plan with their sizes. Structure only: values come from parameters."""

    def __init__(
        self, plan: Plan, functions: Mapping[Key, Any], n: Array, edges: tuple[Array, ...]
    ) -> None:
        self.plan, self.functions, self.n, self.edges = plan, functions, n, edges
        self.offset: dict[str, int] = {}
        total = 0
        for name in plan.listed_groups:
            self.offset[name] = total
            total += plan.group(name).size
        self.columns = total
        self.stencils = _stencils(plan, functions, self.offset)
        """The terms as stencils, if they are those of a lattice."""
        listed = {t: self._places(t) for t in plan.listed if self.stencils is None}
        self.counts = {t: len(places) for t, places in listed.items()}
        """Term → how many couplings it has; none where its subscripts never meet."""
        if self.stencils is not None:
            self.counts = self.stencils.counts()
        ends = np.cumsum([0, *self.counts.values()]).tolist()
        self.first = dict(zip(self.counts, ends, strict=False))
        """Term → where its couplings begin in the list of all values."""
        self.count = ends[-1]
        self._parts = self._joined(listed) if self.stencils is None else None
        self._incidence: dict[tuple[str, tuple[int, ...] | None], Incidence] = {}
        self._order: dict[str, tuple[Array, Array]] = {}
        self._sites: dict[str, dict[str, Array]] = {}

    @property
    def are_cells(self) -> bool:
        """Whether couplings follow from where units of a large lattice stand, and are not listed
        unless they are asked for one by one.
        """
        return self.stencils is not None and self.stencils.are_many

    @property
    def parts(self) -> tuple[Couplings, ...]:
        """The couplings by their order; those of a lattice are written out when first asked for."""
        if self._parts is None:
            self._parts = self._joined({t: self._places(t) for t in self.plan.listed})
        return self._parts

    def _joined(self, listed: Mapping[int, Array]) -> tuple[Couplings, ...]:
        found: dict[int, list[tuple[Array, Array]]] = {}
        for t, places in listed.items():
            for part in self._distinct(places, self.first[t], t):
                found.setdefault(part.places.shape[1], []).append((part.places, part.number))
        return tuple(
            Couplings(np.concatenate([p for p, _ in x]), np.concatenate([q for _, q in x]))
            for _, x in sorted(found.items())
        )

    def _places(self, t: int) -> Array:
        term = self.plan.model.terms[t]
        units = term.units
        few = prod(int(x.stop) - x.start for x in term.letters) <= FEW
        count_up, write = (self.functions[what, t] for what in ("count", "places"))
        if few:  # sooner carried out as Python than compiled
            count_up, write = (getattr(f, "py_func", f) for f in (count_up, write))
        n = [int(x) for x in self.n] if few else self.n
        places = np.empty((count_up(n, *self.edges), len(units)), np.int32)
        write(places, n, *self.edges)
        places += np.array([self.offset[u.group] for u in units], np.int32)
        return places

    def _distinct(self, places: Array, first: int, t: int) -> list[Couplings]:
        """Couplings of distinct units: a unit met twice is reduced to a statistic, two states of
        one unit exclude each other.
        """
        places.sort(axis=1)
        number = np.arange(first, first + len(places), dtype=np.int64)
        twice = np.zeros(len(places), bool)
        for m in range(places.shape[1] - 1):
            twice |= self._unit(places[:, m]) == self._unit(places[:, m + 1])
        parts = [Couplings(places[~twice], number[~twice])] if not twice.all() else []
        for row, where in zip(places[twice], number[twice], strict=True):
            kept = self._reduced(row, t)
            if kept is not None:
                parts.append(
                    Couplings(
                        np.array([kept], np.int32).reshape(1, len(kept)),
                        np.array([where], np.int64),
                    )
                )
        return parts

    def _group(self, column: int) -> GroupPlan:
        return self.plan.group(next(n for n in reversed(self.offset) if self.offset[n] <= column))

    def _unit(self, columns: Array) -> Array:
        """A number for each column's unit: one-of-K columns of one unit share it."""
        out = columns.astype(np.int64)
        for name, offset in self.offset.items():
            g = self.plan.group(name)
            if g.states is not None:
                inside = (columns >= offset) & (columns < offset + g.size)
                out[inside] = offset + (columns[inside] - offset) // int(g.states) * int(g.states)
        return out

    def _reduced(self, row: Array, t: int) -> list[int] | None:
        kept = []
        columns, powers = np.unique(row, return_counts=True)
        shared = np.unique(self._unit(columns), return_counts=True)
        if (shared[1] > 1).any():
            g = self._group(int(shared[0][np.argmax(shared[1])]))
            if g.unit.states is None:
                raise fail(
                    "BM863",
                    f"a unit of `{g.name}` meets itself in a term, and a product of its components"
                    f" is no statistic of `{g.unit.name}`",
                    self.plan.model.terms[t].span,
                    help="leave the unit itself out with `for i != j`, or make the lattice longer",
                )
            return None  # two states of one unit are never on together
        for column, times in zip(columns, powers, strict=True):
            g = self._group(int(column))
            power = 1 if g.unit.states is not None else reduced_power(g.unit, int(times))
            if power > 1:
                raise fail(
                    "BM863",
                    f"a unit of `{g.name}` meets itself in a term, and x^{times} is no statistic of"
                    f" `{g.unit.name}`",
                    self.plan.model.terms[t].span,
                    help="leave the unit itself out with `for i != j`, or make the lattice longer",
                )
            kept += [int(column)] * power
        return kept

    # ------------------------------------------------------------ values, energies, moments

    def values(self, tail: tuple[Any, ...], dtype: np.dtype[Any]) -> Array:
        """What every coupling adds to −E, times its units' statistics: [couplings], in the order of
        terms and their loops; of a lattice those that are alike once.
        """
        if self.stencils is not None:
            return self.stencils.values(tail, dtype)
        out = np.empty(self.count, dtype)
        for t in self.plan.listed:
            self.functions["values", t](out[self.first[t] :], *tail)
        return out

    def written_out(self, values: Array) -> Array:
        """The values of all couplings, [couplings], from `values`."""
        return values if self.stencils is None else self.stencils.written_out(values)

    def joined(self, state: Mapping[str, Array]) -> Array:
        """[rows, columns]: the listed groups side by side, 0 where `state` lacks one; the group's
        own array where it is the only one.
        """
        names = list(self.offset)
        if len(names) == 1:
            return state[names[0]]
        known = next(x for x in state.values())
        zeros = (
            (
                np.zeros((len(known), self.plan.group(n).size), known.dtype)
                if n not in state
                else state[n]
            )
            for n in names
        )
        return np.concatenate(list(zeros), axis=1)

    def energies(self, x: Array, values: Array, out: Array) -> None:
        """out[r] −= Σ couplings, [rows], float64."""
        if self.stencils is not None:
            self.stencils.add_energies(x, values, out)
            return
        for part in self.parts:
            listed.energies(x, part.places, values[part.number], out)

    def couplings(self, values: Array) -> Iterator[tuple[Array, Array]]:
        """All couplings, those of a large lattice a block at a time: columns [couplings, order] and
        the value of each, from `values`.
        """
        if self.stencils is None or not self.are_cells:
            each = self.written_out(values)
            yield from ((x.places, each[x.number]) for x in self.parts)
            return
        for name, offset in self.offset.items():
            cells = self.stencils.cells(name)
            for x in blocks_of(self.plan.group(name).size, cells.states):
                yield from once(offset + x.start, cells.couplings(x, values))

    def moments(self, x: Array, weights: Array) -> Array:
        """Σ_r weights[r] Π x[r, units of f] of every coupling f at the rows x [rows, columns]."""
        turned = np.ascontiguousarray(x.T)
        moment = np.zeros(self.count, x.dtype)
        for part in self.parts:
            made = np.zeros(len(part.places), x.dtype)
            listed.moments(turned, part.places, weights, made)
            moment[part.number] = made
        return moment

    # ------------------------------------------------------------ unit after unit

    def incidence(self, name: str, terms: tuple[int, ...] | None = None) -> Incidence:
        """The couplings of a group's columns, of all terms or of these alone."""
        if (name, terms) not in self._incidence:
            lo = self.offset[name]
            parts = self.parts if terms is None else self._parts_of(terms)
            self._incidence[name, terms] = self._made(lo, lo + self.plan.group(name).size, parts)
        return self._incidence[name, terms]

    def _parts_of(self, terms: Iterable[int]) -> tuple[Couplings, ...]:
        out = []
        ranges = [(self.first[t], self.first[t] + self.counts[t]) for t in terms]
        for part in self.parts:
            inside = np.zeros(len(part.number), bool)
            for lo, hi in ranges:
                inside |= (part.number >= lo) & (part.number < hi)
            out.append(Couplings(part.places[inside], part.number[inside]))
        return tuple(out)

    def units_of(self, t: int) -> tuple[Array, Array]:
        """(begin, column): the units of the term's coupling f are column[begin[f]], …,
        column[begin[f + 1] − 1].

        A coupling that is a constant, or of two states of one unit, has none.
        """
        count, first = self.counts[t], self.first[t]
        lengths = np.zeros(count + 1, np.int64)
        parts = self._parts_of([t])
        for part in parts:
            lengths[part.number - first + 1] = part.places.shape[1]
        begin = np.cumsum(lengths)
        column = np.empty(begin[-1], np.int32)
        for part in parts:
            for m in range(part.places.shape[1]):
                column[begin[part.number - first] + m] = part.places[:, m]
        return begin, column

    def _made(self, lo: int, hi: int, parts: tuple[Couplings, ...]) -> Incidence:
        size = hi - lo
        pairs = [p for p in parts if p.places.shape[1] == 2]
        more = [p for p in parts if p.places.shape[1] not in (0, 2)]
        start, at = self._starts(pairs, lo, hi)
        other, source = np.empty(start[size], np.int32), np.empty(start[size], np.int64)
        for part in pairs:
            for m in range(2):
                listed.fill_pairs(part.places, part.number, lo, hi, m, at, other, source)
        starts, at = self._starts(more, lo, hi)
        lengths = np.zeros(starts[size] + 1, np.int64)
        again = at.copy()
        for part in more:
            for m in range(part.places.shape[1]):
                before = again.copy()
                listed.incidence(part.places, lo, hi, m, again)
                grown = np.repeat(np.arange(size), again - before)
                first = np.repeat(before, again - before)
                within = np.arange(len(grown)) - np.repeat(
                    np.cumsum(again - before) - (again - before), again - before
                )
                lengths[first + within + 1] = part.places.shape[1] - 1
        begin = np.cumsum(lengths)
        more_other, more_source = np.empty(begin[-1], np.int32), np.empty(starts[size], np.int64)
        for part in more:
            for m in range(part.places.shape[1]):
                listed.fill_more(
                    part.places, part.number, lo, hi, m, at, begin, more_other, more_source
                )
        return Incidence(start, other, source, starts, more_source, begin, more_other)

    @staticmethod
    def _starts(parts: list[Couplings], lo: int, hi: int) -> tuple[Array, Array]:
        counts = np.zeros(hi - lo, np.int64)
        for part in parts:
            for m in range(part.places.shape[1]):
                listed.incidence(part.places, lo, hi, m, counts)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return start, start[:-1].copy()

    def sites(self, name: str) -> dict[str, Array]:
        """A group's units in tiles, colour after colour, all of a tile with as many pairs: the
        arrays of `meeting_ops.SITES`, with `source`, where values come from.
        """
        if name not in self._sites:
            kind = None if self.stencils is None else self.stencils.cells(name).of_units
            states = int(self.plan.group(name).states or 1)
            self._sites[name] = tiles_of(self.incidence(name), *self.colours(name), kind, states)
        return self._sites[name]

    def count_tiles(self, name: str) -> int:
        """How many tiles of units of one colour, with as many couplings each, a group has."""
        made = (
            self.sites(name)["count"] if self.stencils is None else self.stencils.tiles(name).count
        )
        return len(made)

    def colours(self, name: str) -> tuple[Array, Array]:
        """(order, classes) of a group's units: those of one class share no coupling."""
        if self.stencils is not None:
            return self.stencils.colours(name)
        if name not in self._order:
            g, lo = self.plan.group(name), self.offset[name]
            k = int(g.states) if g.states is not None else 1
            units = g.size // k
            if not g.woven:
                self._order[name] = np.arange(units), np.array([0, units])
                return self._order[name]
            i = self.incidence(name)
            if k == 1 and lo == 0 and units == self.columns and not len(i.more_other):
                self._order[name] = colour_order(i.start, i.other)
                return self._order[name]
            ends = [np.repeat(np.arange(g.size), np.diff(i.start))]
            others = [i.other.astype(np.int64)]
            per = np.diff(i.more_start)
            ends.append(np.repeat(np.repeat(np.arange(g.size), np.diff(i.more)), per))
            others.append(i.more_other.astype(np.int64))
            a, b = np.concatenate(ends) // k, np.concatenate(others) - lo
            inside = (b >= 0) & (b < g.size)
            a, b = a[inside], b[inside] // k
            different = a != b
            a, b = a[different], b[different]
            neighbours = b[np.argsort(a, kind="stable")]
            start = np.concatenate([[0], np.cumsum(np.bincount(a, minlength=units))])
            self._order[name] = colour_order(start, neighbours)
        return self._order[name]
