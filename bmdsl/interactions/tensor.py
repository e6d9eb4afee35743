"""Terms of three groups: −E holds Σ T[p, q, r] x[p] y[q] z[r] with one parameter T, used as it is.

A one-of-K unit in a definite state picks a slice of T; without one, T is unfolded along its first
axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from ..plan.multiway import Tensor
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.group_arrays import product_of
from ..schedule.values import Array, Content, Folded, Life, Number, Part, Value, base
from .dense import product
from .moments import times, weighed


@dataclass(frozen=True)
class ThreeWay:
    """The coupling of three groups by one parameter [n0, n1, n2]."""

    tensor: Tensor

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it couples, in order of the parameter's axes."""
        return self.tensor.groups

    def prepare(self, b: Builder) -> None:
        """Nothing: the parameter is used as it is."""

    def _matrix(self, b: Builder, of: Value) -> Value | Folded:
        """The parameter, or its gradient, as [n0, n1 · n2]."""
        sizes = [b.size(n) for n in self.groups]
        wide = product_of(sizes[1:])
        if of.shape == (sizes[0], wide):
            return of
        return Folded(of, b.length(f"n_{self.groups[1]}_{self.groups[2]}", wide))

    def _picks(self, b: Builder, name: str, phase: Phase) -> bool:
        """Whether a group's rows are definite states of a one-of-K unit."""
        x = phase.rows[name]
        return b.plan.is_one_unit(name) and x.content is Content.STATES

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += scale · Σ T x y over the axes of the two other groups."""
        at = self.groups.index(target)
        x, y = (n for n in self.groups if n != target)
        scale, into = self.tensor.scale, b.field_part(target, eta, 1)
        matrix = self._matrix(b, b.params[self.tensor.parameter])
        for name, other in ((y, x), (x, y)):
            if self._picks(b, name, phase):
                state = self.groups.index(name)
                b.do(
                    "add_slices",
                    phase.rows[other],
                    phase.rows[name],
                    matrix,
                    at,
                    state,
                    scale,
                    into,
                )
                return
        if at == 0:
            pairs = pair_rows(b, phase.rows[x], phase.rows[y])
            product(b, pairs, matrix, False, scale, into)
            return
        unfolded = self._unfolded(b, x, phase.rows[x], matrix)
        verb = "add_rowwise_forward" if at == 2 else "add_rowwise_backward"
        b.do(verb, phase.rows[y], unfolded, scale, into)

    def _unfolded(self, b: Builder, name: str, x: Array, matrix: Value | Folded) -> Array:
        """x T of every row, [rows, n1 · n2]; once an update if x is given with the minibatch."""
        whole = isinstance(x, Value) and x.life is Life.GIVEN
        key = ("x T", str(matrix), str(x))
        if whole and key in b.once:
            return b.once[key]
        wide = product_of(b.size(n) for n in self.groups[1:])
        word = f"{self.tensor.parameter}_of_{x if whole else name}"
        rows = base(x).shape[-2]
        out = b.shared(word, Content.MATRIX, (rows, wide), key=(matrix, x if whole else name))
        made = part_like(x, out)
        with b.outside() if whole else nullcontext():
            b.do("clear", made)
            product(b, x, matrix, True, 1.0, made)
        if whole:
            b.once[key] = out
        return made

    def add_field_by_state(
        self, b: Builder, target: str, picked: str, phase: Phase, out: Value, rows: int | str
    ) -> None:
        """out[r, (k, u)] += scale · Σ T[·, k, u] x over the axis of the third group."""
        other = next(n for n in self.groups if n not in (target, picked))
        x = phase.rows[other]
        if self.groups[0] != other:
            product(b, x, self._turned(b, other, picked, target), True, self.tensor.scale, out)
            return
        matrix = self._matrix(b, b.params[self.tensor.parameter])
        if self.groups == (other, picked, target):
            product(b, x, matrix, True, self.tensor.scale, out)
            return
        turned = b.shared(f"{target}_by_{picked}_turned", Content.FIELD, out.shape)
        b.do("clear", turned)
        product(b, x, matrix, True, self.tensor.scale, turned)
        b.do("add_turned", turned, b.states_of(picked), out)

    def _turned(self, b: Builder, *order: str) -> Value:
        """The parameter with its axes in this order of groups."""
        name = self.tensor.parameter
        sizes = {n: b.size(n) for n in order}
        shape = (sizes[order[0]], product_of(sizes[n] for n in order[1:]))
        out = b.shared(f"{name}_of_{order[0]}", Content.MATRIX, shape, key=(name, *order))
        axes = axes_constant(b, self.groups, order, sizes)
        b.do("permute", Folded(b.params[name]), axes, Folded(out))
        return out

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · scale · ⟨x ⊗ y ⊗ z⟩; of definite one-of-K states only the slices
        that rows are in.
        """
        grad = gradient[self.tensor.parameter]
        into, whole = self._matrix(b, grad), factor * self.tensor.scale
        if phase.by_state is not None and phase.by_state.unit in self.groups:
            self._add_moment_by_state(b, phase, grad, into, whole)
            return
        scale = times(whole, phase.share)
        for name in reversed(self.groups):
            if self._picks(b, name, phase):
                x, y = (phase.rows[n] for n in self.groups if n != name)
                state = self.groups.index(name)
                b.do(
                    "add_moment_of_slices",
                    weighed(b, phase, x),
                    y,
                    phase.rows[name],
                    state,
                    scale,
                    into,
                )
                return
        x, y, z = (phase.rows[n] for n in self.groups)
        pairs = pair_rows(b, weighed(b, phase, y), z)
        moment(b, x, pairs, scale, into)

    def _add_moment_by_state(
        self, b: Builder, phase: Phase, grad: Value, into: Value | Folded, factor: float
    ) -> None:
        """⟨x z_k y⟩ from the posterior by states of z."""
        known = phase.by_state
        assert known is not None
        near = [n for n in self.groups if n in known.means]
        (other,) = (
            (n for n in self.groups if n not in (known.unit, *near)) if len(near) == 1 else ("",)
        )
        joint = known.value(near[0], 1)
        x = weighed(b, phase, phase.rows[other])
        scale = times(factor, phase.share)
        order = (other, known.unit, near[0])
        if self.groups == order:
            moment(b, x, joint, scale, into)
            return
        sizes = {n: b.size(n) for n in order}
        found = b.shared(f"S_{'_'.join(order)}", Content.MOMENT, (sizes[other], joint.shape[1]))
        b.do("clear", found)
        moment(b, x, joint, scale, found)
        axes = axes_constant(b, order, self.groups, sizes)
        b.do("add_permuted", Folded(found), axes, 1.0, Folded(grad))


def pair_rows(b: Builder, x: Array, y: Array) -> Array:
    """x ⊗ y of every row, [rows, x · y]: states of two values if both are."""
    both = x.levels is not None and x.levels == y.levels
    states = both and x.content is Content.STATES and y.content is Content.STATES
    content = Content.STATES if states else Content.MEANS
    wide = product_of((base(x).shape[-1], base(y).shape[-1]))
    name = f"{base(x)}_{base(y)}"
    out = b.shared(name, content, (base(x).shape[-2], wide), levels=x.levels if states else None)
    made = part_like(x, out)
    b.do("pair_rows", x, y, made)
    return made


def moment(b: Builder, x: Array, y: Array, scale: Number, out: Array) -> None:
    """out += scale · Σ over rows of x ⊗ y; by tables of sums if x has two values."""
    if x.content is Content.STATES and x.levels is not None:
        b.do("add_moment_of_states", x, x.levels[0], y, scale, out)
    else:
        b.do("add_moment", x, y, scale, out)


def part_like(x: Array, out: Value) -> Value | Part:
    """As many rows of a scratch array as x has."""
    return Part(out, x.rows) if isinstance(x, Part) else out


def axes_constant(
    b: Builder, have: Sequence[str], want: Sequence[str], lengths: Mapping[str, int | str]
) -> Value:
    """The lengths and strides by which `permute` goes from axes `have` to axes `want`."""
    name = f"axes_{'_'.join(want)}"
    known = {x: int(n) for x, n in lengths.items() if not isinstance(n, str)}
    if not known.keys() >= set(have):
        return b.constant(name, None, (2, len(want)))
    strides, step = {}, 1
    for x in reversed(have):
        strides[x] = step
        step *= known[x]
    return b.constant(
        name, np.array([[known[x] for x in want], [strides[x] for x in want]], np.int64)
    )
