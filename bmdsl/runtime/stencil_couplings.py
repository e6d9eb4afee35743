"""The couplings of a lattice without a list of them: a term's values, each once, and what couples
to a unit by index arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from ..graph.colouring import order_of
from ..kernels.cells import add_energies_by_cells, greedy_colours
from ..plan.identifiers import Key
from ..plan.plan import MANY_BY_CELLS, Plan
from ..plan.stencils import Lattice, NotStencil, Stencil, value_letters
from .cells import Cells, cells_of
from .tiles import Tiles, numbered, unit_tiles

Array = np.ndarray
FEW = 64
"""Values of a term up to which they are made without compiled code."""


class StencilCouplings:
    """All listed terms of a plan as stencils of its lattice, with its sizes.

    Values of a term are *alike* where its parameters do not tell them apart: there is one for each
    setting of the letters that parameters have.
    """

    def __init__(
        self, plan: Plan, lattice: Lattice, functions: Mapping[Key, Any], offset: Mapping[str, int]
    ) -> None:
        self.plan, self.lattice, self.functions, self.offset = plan, lattice, functions, offset
        ends = [0]
        self.first: dict[int, int] = {}
        """Term → where its values begin among those of all terms."""
        for t in plan.listed:
            self.first[t] = ends[-1]
            letters = value_letters(plan.model.terms[t])
            ends.append(ends[-1] + prod(int(x.stop) - x.start for x in letters))
        self.count = ends[-1]
        self.values_of = dict(zip(plan.listed, np.diff(ends).tolist(), strict=True))
        """Term → how many values it has."""
        self._cells: dict[tuple[str, tuple[int, ...]], Cells] = {}
        self._order: dict[str, tuple[Array, Array]] = {}
        self._tiles: dict[str, Tiles] = {}

    @property
    def are_many(self) -> bool:
        """Whether there are so many units that their couplings are not listed."""
        return self.lattice.size * len(self.lattice.groups) >= MANY_BY_CELLS

    def counts(self) -> dict[int, int]:
        """Term → how many couplings it has."""
        out = dict.fromkeys(self.plan.listed, 0)
        for x in self.lattice.stencils:
            out[x.term] += x.count
        return out

    def cells(self, name: str, terms: tuple[int, ...] = ()) -> Cells:
        """The cells of a group, of all terms or of these alone. Raises NotStencil if they are too
        many.
        """
        key = name, terms or self.plan.listed
        if key not in self._cells:
            where = self.plan, self.lattice, name, self.offset, self.first
            self._cells[key] = cells_of(*where, key[1])
        return self._cells[key]

    def values(self, tail: tuple[Any, ...], dtype: np.dtype[Any]) -> Array:
        """What couplings add to −E, times their units' statistics, of all terms: [count]."""
        out = np.empty(self.count, dtype)
        for t in self.plan.listed:
            write, few = self.functions["alike", t], self.first[t] + FEW > self.count
            if few:  # sooner carried out as Python than compiled
                write = getattr(write, "py_func", write)
            write(out[self.first[t] :], *tail)
        return out

    def of_stencil(self, values: Array, x: Stencil) -> Array:
        """The stencil's part of the values, an axis for each of the lattice's: those of its box, of
        length 1 where they are alike.
        """
        at: Array = np.full((1,) * len(x.box), self.first[x.term] + x.first)
        for a, (d, box) in enumerate(zip(x.steps, x.box, strict=True)):
            if d:
                along = np.arange(box.start, box.stop).reshape(
                    [-1 if a == b else 1 for b in range(at.ndim)]
                )
                at = at + d * along
        return np.asarray(values[at])

    def written_out(self, values: Array) -> Array:
        """The values of all couplings, in the order of terms and their loops."""
        parts = [np.zeros(0, values.dtype)]
        for t in self.plan.listed:
            own = [x for x in self.lattice.stencils if x.term == t]
            each = []
            for x in own:
                grid = np.broadcast_to(self.of_stencil(values, x), [len(r) for r in x.box])
                each.append(grid.transpose(x.order))
            parts.append(_nested(each, own[0].loops, [x.loops for x in own]))
        return np.concatenate(parts)

    def colours(self, name: str) -> tuple[Array, Array]:
        """(order, classes) of a group's units: those of one class share no coupling."""
        if name not in self._order:
            cells = self.cells(name)
            lo = self.offset[name]
            colours = greedy_colours(cells.size, cells.states, lo, *cells.operands)
            self._order[name] = order_of(colours)
        return self._order[name]

    def tiles(self, name: str) -> Tiles:
        """The units of a group in tiles of 64, of one colour and as many couplings each."""
        if name not in self._tiles:
            cells = self.cells(name)
            kind = cells.of_units
            degrees = numbered(cells.degrees())
            self._tiles[name] = unit_tiles(degrees[kind], kind, *self.colours(name))
        return self._tiles[name]

    def strength(self, values: Array, name: str) -> tuple[Array, Array]:
        """Σ |values| of every column's couplings, [columns], and all values but for their signs."""
        cells, each = self.cells(name), [np.zeros(0)]
        total = np.zeros((cells.size, cells.states))
        for cell, units in cells.members():
            for s in range(cells.states):
                for place in cells.places(cell, s, units):
                    w = np.abs(values[place])
                    total[units, s] += w
                    each.append(np.unique(w))
        return total.reshape(-1), np.concatenate(each)

    def add_energies(self, x: Array, values: Array, out: Array) -> None:
        """out[r] −= Σ couplings at the rows x [rows, columns], [rows], float64."""
        for name in self.lattice.groups:
            cells = self.cells(name)
            where = cells.size, cells.states, self.offset[name]
            add_energies_by_cells(x, *where, cells.operands, values, out)

    def can(self) -> bool:
        """Whether all groups have cells."""
        try:
            return all(self.cells(n).size > 0 for n in self.lattice.groups)
        except NotStencil:
            return False


def _nested(each: list[Array], like: tuple[int, ...], loops: list[tuple[int, ...]]) -> Array:
    """Values of a term in the order of its loops; `each`: those of one setting of states' letters,
    [letters of places as they are nested].
    """
    inner = [k for k, v in enumerate(like) if v >= 0]
    counts = [len({x[k] for x in loops}) for k in inner]
    whole = np.stack(each).reshape(*counts, *each[0].shape)
    places = [k for k, v in enumerate(like) if v < 0]
    return whole.transpose(np.argsort([*inner, *places])).reshape(-1)
