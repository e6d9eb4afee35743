"""Terms of three groups by one parameter: −E holds Σ T[p, q, r] x[p] y[q] z[r], T used as it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...kernels import products, tensors
from ...plan.multiway import Tensor
from ...plan.term_kinds import Kind
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array, Rows
from .interface import NEARLY_ZERO, Arrays, GradientSum, Rowwise, Weighted
from .several import BoundSeveral


class BoundThreeWay(BoundSeveral):
    """One dense parameter [n0, n1, n2]; a one-of-K state picks slices of it."""

    KINDS = frozenset({Kind.TENSOR})

    def __init__(self, calls: ModuleCalls, tensor: Tensor) -> None:
        super().__init__(calls)
        self.tensor, self.groups, self.term = tensor, tensor.groups, tensor.term
        self.shape = tuple(self.sizes[n] for n in tensor.groups)

    def arrays(self, params: Parameters) -> Arrays:
        return (params[self.tensor.parameter].reshape(self.shape),)

    def _codes(self, state: Rowwise, name: str) -> Array | None:
        return tensors.codes_of(state[name]) if self.plan.is_one_unit(name) else None

    def add_own_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        x, y = (n for n in self.groups if n != name)
        codes = self._codes(state, x), self._codes(state, y)
        tensors.add_field(
            arrays[0],
            self.groups.index(name),
            (state[x], state[y]),
            codes,
            out,
            self.tensor.scale,
            self.plain,
        )

    def add_field_by_state(
        self, arrays: Arrays, name: str, picked: str, state: Rowwise, out: Array
    ) -> None:
        other = next(n for n in self.groups if n not in (name, picked))
        scale, w = self.tensor.scale, arrays[0]
        if self.groups == (other, picked, name):  # as it lies: added where it is wanted
            tensors.add_all_fields(w, np.ascontiguousarray(state[other]), out, scale, self.plain)
            return
        if self.groups[0] == other:
            out += tensors.all_fields(
                w, np.ascontiguousarray(state[other]), scale, self.plain
            ).transpose(0, 2, 1)
            return
        rows, k = len(state[other]), self.sizes[picked]
        repeated = {
            other: np.repeat(state[other], k, axis=0),
            picked: np.tile(np.eye(k, dtype=w.dtype), (rows, 1)),
        }
        self.add_own_field(arrays, name, repeated, out.reshape(rows * k, -1))

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        if self._add_moment_by_state(rows, into):
            return
        a, b, c = self.groups
        codes = [self._codes(rows.rows, n) for n in self.groups]
        tensors.add_moment(
            into.out[self.tensor.parameter].reshape(self.shape),
            (rows.rows[a] * rows.weights[:, None], rows.rows[b], rows.rows[c]),
            codes,
            into.scale * self.tensor.scale,
            self.plain,
        )

    def _add_moment_by_state(self, rows: Weighted, into: GradientSum) -> bool:
        """The same of rows that hold each case once a state of a one-of-K unit which is not on the
        first axis: that axis's states do not change. False if these are no such rows.
        """
        first = self.groups[0]
        if not isinstance(rows.rows, Rows) or first in rows.rows.fields:
            return False
        picked = rows.rows.states
        if picked not in self.groups[1:]:
            return False
        k, at = self.sizes[picked], self.groups.index(picked)
        count = len(rows.weights) // k
        other = rows.rows[self.groups[3 - at]]
        each = (other * rows.weights[:, None]).reshape(count, k, -1)
        y = each if at == 1 else each.transpose(0, 2, 1)
        products.moment(
            np.ascontiguousarray(rows.rows[first][::k]),
            np.ascontiguousarray(y).reshape(count, -1),
            into.out[self.tensor.parameter].reshape(self.shape[0], -1),
            into.scale * self.tensor.scale,
            self.plain,
        )
        return True

    def couplings(self, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        places = np.nonzero(arrays[0])
        return places, arrays[0][places].astype(np.float64) * self.tensor.scale

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        w = np.abs(arrays[0])
        others = tuple(k for k in range(3) if self.groups[k] != name)
        scale = abs(self.tensor.scale)
        return (
            w.sum(axis=others, dtype=np.float64) * scale,
            float(w[w * scale > NEARLY_ZERO].min(initial=np.inf)) * scale,
        )
