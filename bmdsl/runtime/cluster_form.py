"""Models whose units can change in clusters: pairs that all can agree at once, and no fields.

A pair K s s′ of spins agrees if K s s′ > 0, which lowers the energy by 2|K|; x = (s + 1)/2 makes
spins of binary units, whose fields have to cancel. A pair J δ(x, x′) of one-of-K units, J > 0,
agrees if both are in one state. Codes that all move on by one number leave every pair among them as
it was: that is how a cluster moves (Fortuin & Kasteleyn 1972, Physica 57, 536).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..kernels.clusters import unsatisfied
from ..plan.polynomials import order_of
from .coupling_blocks import blocks_of
from .fields import Fields
from .listing import Listing
from .program import Program

Array = np.ndarray
CLOSE = 32
"""Units in the last place by which fields that cancel may miss 0."""
MOST_DENSE = 4096
"""Columns of a model of matrices, whose couplings are read off fields."""
LARGEST_TABLE = 1 << 27
"""Numbers of a table of the couplings between the states of all pairs of one-of-K units."""


class NoClusters(Exception):
    """Units of a model do not change in clusters; the text says why."""


@dataclass(frozen=True)
class ClusterForm:
    """Units of all groups in turn, and the pairs of them."""

    units: Mapping[str, tuple[int, int]]
    """Group → its units."""
    states: Array
    """[units]: how many codes each has."""
    first: Array
    second: Array
    weight: Array
    """[pairs]: above 0."""
    apart: Array
    """[pairs]: whether codes differ in agreement."""

    @cached_property
    def around(self) -> tuple[Array, ...]:
        """`start`, `other`, `weight`, `apart`: the pairs of each unit in turn."""
        own = np.concatenate([self.first, self.second])
        order = np.argsort(own, kind="stable")
        count = np.bincount(own, minlength=len(self.states))
        start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        other = np.concatenate([self.second, self.first])[order]
        return start, other, np.tile(self.weight, 2)[order], np.tile(self.apart, 2)[order]

    def codes(self, program: Program, state: Mapping[str, Array]) -> Array:
        """[chains, units] of states."""
        made = []
        for name in self.units:
            x, k = state[name], program.states[name]
            made.append(x > 0 if k == 1 else x.reshape(len(x), -1, k).argmax(axis=2))
        return np.ascontiguousarray(np.concatenate(made, axis=1), np.int8)

    def put(self, program: Program, codes: Array, state: Mapping[str, Array]) -> None:
        """Writes codes into states."""
        for name, (begin, end) in self.units.items():
            own, x, k = codes[:, begin:end], state[name], program.states[name]
            if k > 1:
                x[...] = (own[:, :, None] == np.arange(k)).reshape(len(x), -1)
            elif program.plan.group(name).unit.name == "spin":
                x[...] = 2 * own - 1
            else:
                x[...] = own


def cluster_form(program: Program, f: Fields) -> ClusterForm:
    """The form of a model at these parameters. Raises NoClusters if there is none."""
    plan = program.plan
    if order_of(plan.model) > 2 or program.experts:
        raise NoClusters("a term multiplies three units or more")
    for n in program.sizes:
        g = plan.group(n)
        if g.states is None and g.unit.name not in ("spin", "binary"):
            raise NoClusters(f"`{n}` has units of more than two values, or of other numbers")
        if g.states is not None and int(g.states) > 127:
            raise NoClusters(f"`{n}` has units of more than 127 states")
    listing = program.listing if plan.all_listed else None
    if listing is None and sum(program.sizes.values()) > MOST_DENSE:
        raise NoClusters(f"matrices couple its units, of which there are more than {MOST_DENSE:,}")
    return _Finding(program, f, listing).form()


@dataclass
class _Finding:
    """Columns of all groups side by side, and what their couplings are."""

    program: Program
    f: Fields
    listing: Listing | None
    """Where the couplings stand one by one; None if matrices couple units."""

    @cached_property
    def offset(self) -> dict[str, int]:
        """Group → its first column."""
        if self.listing is not None:
            return self.listing.offset
        ends = np.cumsum([0, *self.program.sizes.values()])
        return dict(zip(self.program.sizes, map(int, ends), strict=False))

    def form(self) -> ClusterForm:
        """The whole form."""
        own, other, value = self._pairs()
        field = self._fields()
        names = list(self.offset)
        k = np.concatenate([np.full(self.program.sizes[n], self.program.states[n]) for n in names])
        unit_of, ranges, states = self._units(names)
        parts = [
            self._of_two(own, other, value, field, k, unit_of),
            self._of_states(own, other, value, field, k, unit_of, states),
        ]
        first, second, weight, apart = (np.concatenate([p[m] for p in parts]) for m in range(4))
        pair = unsatisfied(first, second, apart, len(states))
        if pair >= 0:
            a, b = (self._name(ranges, int(x[pair])) for x in (first, second))
            raise NoClusters(
                f"its couplings are frustrated: {a} and {b} cannot agree while others do"
            )
        return ClusterForm(
            ranges,
            states,
            first.astype(np.int32),
            second.astype(np.int32),
            weight.astype(np.float64),
            apart.astype(bool),
        )

    def _pairs(self) -> tuple[Array, Array, Array]:
        """Pairs of columns, each once, and their couplings."""
        if self.listing is None:
            return self._pairs_of_matrices()
        owns, others, values = [], [], []
        for name, offset in self.offset.items():
            for columns in blocks_of(self.program.sizes[name], self.program.states[name]):
                start, other, value, *_ = self.program.block(self.f, name, columns)
                own = np.repeat(offset + np.arange(columns.start, columns.stop), np.diff(start))
                once = own < other
                owns.append(own[once])
                others.append(other[once].astype(np.int64))
                values.append(np.asarray(value, np.float64)[once])
        return np.concatenate(owns), np.concatenate(others), np.concatenate(values)

    def _pairs_of_matrices(self) -> tuple[Array, Array, Array]:
        """The same from fields of states in which one unit is 1 and all others are 0."""
        owns, others, values = [], [], []
        dtype, sizes = self.program.dtype, self.program.sizes
        for near, begin in self.offset.items():
            state = {n: np.zeros((sizes[near], size), dtype) for n, size in sizes.items()}
            none = {n: x.copy() for n, x in state.items()}
            state[near] = np.eye(sizes[near], dtype=dtype)
            for name, offset in self.offset.items():
                if offset < begin:
                    continue
                eta = self.program.field(self.f, name, state).astype(np.float64)
                k = eta - self.program.field(self.f, name, none)
                a, b = np.nonzero(np.triu(k, 1) if name == near else k)
                owns.append(a + begin)
                others.append(b + offset)
                values.append(k[a, b])
        return np.concatenate(owns), np.concatenate(others), np.concatenate(values)

    def _fields(self) -> Array:
        """The field of every column that no other unit adds to."""
        if self.listing is None:
            return np.concatenate(
                [np.asarray(self.f.bias[n], np.float64).reshape(-1) for n in self.offset]
            )
        fields = []
        for name in self.offset:
            field = np.asarray(self.f.bias[name], np.float64).reshape(-1).copy()
            for columns in blocks_of(self.program.sizes[name], self.program.states[name]):
                _, _, _, more, more_value, _, _ = self.program.block(self.f, name, columns)
                own = np.arange(columns.start, columns.stop)
                np.add.at(field, np.repeat(own, np.diff(more)), more_value)
            fields.append(field)
        return np.concatenate(fields)

    def _units(self, names: list[str]) -> tuple[Array, dict[str, tuple[int, int]], Array]:
        """The unit of every column, the units of every group, the codes of every unit."""
        unit_of, ranges, states, at = [], {}, [], 0
        for n in names:
            k = self.program.states[n]
            count = self.program.sizes[n] // k
            unit_of.append(at + np.arange(self.program.sizes[n]) // k)
            ranges[n] = (at, at + count)
            states.append(np.full(count, max(k, 2)))
            at += count
        return np.concatenate(unit_of), ranges, np.concatenate(states).astype(np.int32)

    def _of_two(
        self, own: Array, other: Array, value: Array, field: Array, k: Array, unit_of: Array
    ) -> tuple[Array, ...]:
        """Pairs of units of two values, as spins."""
        spins = [self.program.plan.group(n).unit.name == "spin" for n in self.offset]
        sizes = [self.program.sizes[n] for n in self.offset]
        spin = np.repeat(spins, sizes)
        two = (k[own] == 1) & (k[other] == 1)
        if ((k[own] == 1) != (k[other] == 1)).any():
            raise NoClusters("units of two values meet units of more states")
        a, b, w = own[two], other[two], value[two]
        h = np.where(spin, field, field / 2)
        size = np.abs(h)
        a_part, b_part = np.where(spin[a], 1.0, 0.5), np.where(spin[b], 1.0, 0.5)
        coupling = w * a_part * b_part
        for x, y_spin in ((a, spin[b]), (b, spin[a])):
            np.add.at(h, x, np.where(y_spin, 0.0, coupling))
            np.add.at(size, x, np.abs(coupling))
        self._no_fields(h[k == 1], size[k == 1])
        key = a * len(k) + b
        pairs, number = np.unique(key, return_inverse=True)
        total = np.zeros(len(pairs))
        np.add.at(total, number, coupling)
        kept = total != 0
        pairs, total = pairs[kept], total[kept]
        return unit_of[pairs // len(k)], unit_of[pairs % len(k)], 2 * np.abs(total), total < 0

    def _of_states(
        self,
        own: Array,
        other: Array,
        value: Array,
        field: Array,
        k: Array,
        unit_of: Array,
        states: Array,
    ) -> tuple[Array, ...]:
        """Pairs of one-of-K units: more for the same state, and the same for all states."""
        many = k > 1
        within = np.flatnonzero(many)
        if len(within):
            count = np.bincount(unit_of[within], minlength=len(states)).clip(1)
            middle = np.bincount(unit_of[within], field[within], len(states)) / count
            size = np.abs(field) + np.abs(value).max(initial=0)
            self._no_fields((field - middle[unit_of])[within], size[within])
        pair = (k[own] > 1) & (k[other] > 1)
        a, b, w = own[pair], other[pair], value[pair]
        if not len(a):
            return np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0, bool)
        if (k[a] != k[b]).any():
            raise NoClusters("units of different numbers of states meet")
        key = unit_of[a] * len(states) + unit_of[b]
        pairs, number = np.unique(key, return_inverse=True)
        first = np.concatenate([[0], np.cumsum(np.bincount(unit_of, minlength=len(states)))])
        most = int(k[a].max())
        if len(pairs) * most**2 > LARGEST_TABLE:
            raise NoClusters("there are too many couplings between states")
        table = np.zeros((len(pairs), most, most))
        np.add.at(table, (number, a - first[unit_of[a]], b - first[unit_of[b]]), w)
        q = states[pairs // len(states)]
        kept = np.arange(most) < q[:, None]
        same = kept[:, :, None] & np.eye(most, dtype=bool)
        different = kept[:, :, None] & kept[:, None, :] & ~np.eye(most, dtype=bool)
        room = CLOSE * float(np.finfo(self.program.dtype).eps) * (1 + np.abs(table).max((1, 2)))
        on, off = table[:, 0, 0], table[:, 0, 1]
        flat = np.abs(table - on[:, None, None])[same].max() <= room.max()
        flat &= np.abs(table - off[:, None, None])[different].max() <= room.max()
        if not flat:
            raise NoClusters("its couplings tell more than whether two units are in one state")
        weight = on - off
        if (weight < -room).any():
            raise NoClusters("couplings keep units of more than two states apart")
        kept_pairs = weight > room
        pairs, weight = pairs[kept_pairs], weight[kept_pairs]
        none = np.zeros(len(pairs), bool)
        return pairs // len(states), pairs % len(states), weight, none

    def _no_fields(self, h: Array, size: Array) -> None:
        room = CLOSE * float(np.finfo(self.program.dtype).eps) * (size + 1e-30)
        if (np.abs(h) > room).any():
            raise NoClusters("a field prefers some states, which a cluster knows nothing of")

    def _name(self, ranges: Mapping[str, tuple[int, int]], unit: int) -> str:
        name = next(n for n, (begin, end) in ranges.items() if begin <= unit < end)
        g = self.program.plan.group(name)
        axes = [int(x) for x in g.axes][: len(g.axes) - (g.states is not None)]
        place = np.unravel_index(unit - ranges[name][0], axes or [1])
        return f"{name}[{', '.join(str(int(x)) for x in place)}]"
