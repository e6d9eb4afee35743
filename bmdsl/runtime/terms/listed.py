"""Couplings written out one by one: −E holds Σ_f value[f] Π x[units of f], a lattice, a graph or a
term of three units.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from ...interactions.celled import copies_of
from ...kernels import cell_sums, listed
from ...native import deferred as numba
from ...plan.term_kinds import Kind
from ..addends import Addends
from ..cells import Cells
from ..coupling_blocks import part_of
from ..direct import Direct
from ..listing import Listing, no_couplings
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array
from .interface import Arrays, BoundTerm, GradientSum, Rowwise, Weighted, least

add_fields_by_cells = Direct(numba.njit(parallel=True)(cell_sums.add_fields_of_cells), ("eta",))
add_moments_by_cells = Direct(
    numba.njit(parallel=True, fastmath={"reassoc"})(cell_sums.add_moments_of_cells), ("parts",)
)
sum_copies = numba.njit()(cell_sums.sum_copies)


class _ByUnit(dict[str, tuple[Array, ...]]):
    """Group → its couplings unit after unit with these values, written out when first asked for."""

    def __init__(self, listing: Listing, values: Array) -> None:
        super().__init__()
        self.listing, self.values_of_all = listing, values

    def __missing__(self, name: str) -> tuple[Array, ...]:
        each = self.listing.written_out(self.values_of_all)
        self[name] = found = self.listing.incidence(name).bound(each)
        return found


class BoundListed(BoundTerm):
    """All listed terms of a plan together; its arrays are the values of all couplings, of a lattice
    those that are alike once, and group → its couplings unit after unit, as kernels take them.
    """

    KINDS = frozenset({Kind.LISTED})

    def __init__(self, calls: ModuleCalls, listing: Listing) -> None:
        self.calls, self.listing = calls, listing
        self.groups = tuple(listing.offset)
        self._structure: dict[bytes, list[tuple[Array, Array, Array]]] = {}

    def arrays(self, params: Parameters) -> Arrays:
        values = self.listing.values(self.calls.tail(params), self.calls.dtype)
        return values, _ByUnit(self.listing, values)

    def alone(self, arrays: Arrays) -> Arrays | None:
        none = {n: no_couplings(self.calls.sizes[n], self.calls.dtype) for n in self.groups}
        return np.zeros_like(arrays[0]), none

    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        if self.listing.are_cells:
            cells = self._cells(name)
            x = self._joined(state)
            add_fields_by_cells(x, cells.states, *cells.operands, arrays[0], out[0])
            return
        listed.add_fields(self.listing.joined(state), out[0], *arrays[1][name])

    def add_field_by_state(
        self, arrays: Arrays, name: str, picked: str, state: Rowwise, out: Array
    ) -> None:
        rows, k = out.shape[:2]
        without = {n: np.repeat(x, k, axis=0) for n, x in state.items()}
        whole = without | {picked: np.tile(np.eye(k, dtype=out.dtype), (rows, 1))}
        for states, sign in ((whole, 1), (without, -1)):
            eta = np.zeros((1, rows * k, out.shape[2]), out.dtype)
            self.add_field(arrays, name, states, eta)
            out += sign * eta.reshape(out.shape)

    def meeting(self, arrays: Arrays, name: str, state: Rowwise) -> tuple[Any, ...]:
        if not self.calls.plan.group(name).woven:
            return ()
        return (self.listing.joined(state), self.listing.offset[name], *self.near(arrays, name))

    def near(self, arrays: Arrays, name: str) -> tuple[Array, ...]:
        """The couplings of a group's units as generated functions take them."""
        if self.listing.are_cells:
            return (*self._cells(name).operands, arrays[0])
        found: tuple[Array, ...] = arrays[1][name]
        return found

    def block(self, arrays: Arrays, name: str, columns: range) -> tuple[Array, ...]:
        """The couplings of these columns of a group, column after column; of a large lattice from
        where they stand.
        """
        if self.listing.are_cells:
            return self._cells(name).couplings(columns, arrays[0])
        return part_of(arrays[1][name], columns)

    def within(self, groups: Set[str]) -> bool:
        return True  # what is at zero adds nothing

    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        x = self.listing.joined(state)
        energies = np.zeros(len(x))
        self.listing.energies(x, arrays[0], energies)
        return -energies

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        if self.listing.are_cells:
            self._add_moment_of_cells(rows, into)
            return
        moment = self.listing.moments(self.listing.joined(rows.rows), rows.weights)
        for t in self.calls.plan.listed:
            into.collect(("collect", t), moment[self.listing.first[t] :])

    def _add_moment_of_cells(self, rows: Weighted, into: GradientSum) -> None:
        stencils, plan = self.listing.stencils, self.calls.plan
        assert stencils is not None
        x = self._joined(rows.rows)
        for t in plan.listed:
            count, copies = stencils.values_of[t], copies_of(plan, t)
            parts, moment = np.zeros(count * copies), np.empty(count, x.dtype)
            for name in dict.fromkeys(u.group for u in plan.model.terms[t].units):
                cells = stencils.cells(name, (t,))
                where = self.listing.offset[name], cells.states, stencils.first[t]
                add_moments_by_cells(x, rows.weights, *where, *cells.operands, copies, parts)
            sum_copies(parts, copies, 1.0, moment)
            into.collect(("collect_alike", t), moment)

    def _cells(self, name: str) -> Cells:
        assert self.listing.stencils is not None
        return self.listing.stencils.cells(name)

    def _joined(self, state: Rowwise) -> Array:
        """States as compiled code of cells takes them."""
        return np.ascontiguousarray(self.listing.joined(state), self.calls.dtype)

    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        key = b"" if real is None else real.tobytes()
        if key not in self._structure:
            self._structure[key] = self._places(real)
        values = self.listing.written_out(arrays[0])
        return [
            Addends(places, np.ones_like(places), values[number].astype(np.float64), terms)
            for places, number, terms in self._structure[key]
        ]

    def _places(self, real: Array | None) -> list[tuple[Array, Array, Array]]:
        """Columns, places among all values, and terms of couplings, of degree 2 and more in the
        columns `real`.
        """
        sizes, offset = self.calls.sizes, self.calls.offset
        columns = np.concatenate([offset[n] + np.arange(sizes[n]) for n in self.groups])
        starts = np.array([self.listing.first[t] for t in self.calls.plan.listed])
        out = []
        for part in self.listing.parts:
            places = columns[part.places.astype(np.int64)].reshape(part.places.shape)
            number = part.number
            if real is not None:
                which = real[places].sum(1) >= 2
                places, number = places[which], number[which]
            terms = np.array(self.calls.plan.listed)
            out.append((places, number, terms[np.searchsorted(starts, number, "right") - 1]))
        return [x for x in out if len(x[1])]

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        if self.listing.stencils is not None:
            sums, each = self.listing.stencils.strength(arrays[0], name)
            return sums, least(each)
        start, _, value, more, more_value = arrays[1][name][:5]
        total, smallest = np.zeros(self.calls.sizes[name]), np.inf
        for begin, values in ((start, np.abs(value)), (more, np.abs(more_value))):
            sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
            total += sums[begin[1:]] - sums[begin[:-1]]
            smallest = min(smallest, least(values))
        return total, smallest

    def bends(self, real: Set[str]) -> bool:
        return not real.isdisjoint(self.groups)

    def curving(self, arrays: Arrays) -> Arrays:
        return arrays[:1]
