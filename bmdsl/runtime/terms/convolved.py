"""Terms of two groups that meet through one parameter, shared over sites: a convolution."""

from __future__ import annotations

from math import prod

import numpy as np

from ...kernels import convolution, unfold
from ...language.letters import grid_columns, place_of
from ...plan.contraction import Letters
from ...plan.multiway import Contraction
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array
from .contracted import BoundContracted
from .interface import Arrays, GradientSum, Rowwise, Weighted


class BoundConvolved(BoundContracted):
    """Two groups that meet through one parameter, shared over sites: sites beside cases in one
    matrix product, tile by tile.
    """

    def __init__(self, calls: ModuleCalls, contraction: Contraction) -> None:
        super().__init__(calls, contraction)
        bound = contraction.parameter_letters[0]
        sites = contraction.sites
        a, b = sorted(self.groups, key=lambda n: n not in self.unfolded)
        kept = {n: tuple(x for x in self.letters[n] if x in bound) for n in (a, b)}
        self.order = [bound.index(x) for x in (*kept[b], *kept[a])]
        self.ends = a, b
        self.sides = {}
        for n in (a, b):
            columns = self.columns_of(n, (*kept[n], *sites))
            self.sides[n] = unfold.Side.of(
                columns.reshape(prod(self.lengths[x] for x in kept[n]), -1), self.sizes[n]
            )

    def columns_of(self, name: str, letters: Letters) -> Array:
        """The columns of a group's units, an axis a letter."""
        known = self.contraction.unfolded[self.groups.index(name)]
        if known is not None:
            return grid_columns(place_of(known, self.plan.axes(name)), letters, self.lengths)
        plain = np.arange(self.sizes[name], dtype=np.int32).reshape(
            [self.lengths[x] for x in self.letters[name]]
        )
        return plain.transpose([self.letters[name].index(x) for x in letters])

    def arrays(self, params: Parameters) -> Arrays:
        return (params[self.contraction.parameters[0]], self._matrix(params))

    def _matrix(self, params: Parameters) -> Array:
        """The parameter as [letters of the second group, letters of the first]."""
        w = params[self.contraction.parameters[0]].transpose(self.order)
        return np.ascontiguousarray(w).reshape(
            self.sides[self.ends[1]].rows, self.sides[self.ends[0]].rows
        )

    def add_own_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        a, b = self.ends
        other, turned = (b, True) if name == a else (a, False)
        convolution.add_field(
            arrays[1],
            turned,
            state[other],
            self.sides[other],
            self.sides[name],
            out,
            self.contraction.scale,
        )

    def add_field_by_state(
        self, arrays: Arrays, name: str, picked: str, state: Rowwise, out: Array
    ) -> None:
        rows, k = len(out), self.sizes[picked]
        every = np.tile(np.eye(k, dtype=out.dtype), (rows, 1))
        self.add_field(arrays, name, {picked: every}, out.reshape(1, rows * k, -1))

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        a, b = self.ends
        made = convolution.moment(
            rows.rows[b], self.sides[b], rows.rows[a], self.sides[a], rows.weights
        )
        out = into.out[self.contraction.parameters[0]]
        shape = [out.shape[k] for k in self.order]
        out += (
            (made * out.dtype.type(into.scale * self.contraction.scale))
            .reshape(shape)
            .transpose(np.argsort(self.order))
        )

    def couplings(self, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        return super().couplings(arrays[:1])
