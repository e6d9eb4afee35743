"""Terms of several groups bound to sizes: what they add to a group's field, to the gradient, and
what they couple one by one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from math import prod

import numpy as np

from ..kernels import contract, convolution, products, tensors, unfold
from ..language.letters import einsum_names, grid_columns, place_of
from ..plan.contraction import ROWS, Letters, Path
from ..plan.multiway import Contraction, Tensor
from ..plan.plan import Plan

Array = np.ndarray
State = Mapping[str, Array]
NOMINAL_ROWS = 100
"""Cases that an order of summation is chosen for."""
UNFOLDED = 1 << 24
"""Numbers of unfolded states at a time: more cases are summed in parts."""


class Multiway(ABC):
    """A term of several groups. States are [rows, size]; `arrays` are the term's parameters."""

    groups: tuple[str, ...]

    def __init__(self, plan: Plan, plain: bool) -> None:
        self.plan, self.plain = plan, plain
        self.sizes = {g.name: g.size for g in plan.groups}

    @abstractmethod
    def arrays(self, params: Mapping[str, Array]) -> tuple[Array, ...]:
        """The term's own parameters, views."""

    def add_field(self, arrays: tuple[Array, ...], name: str, state: State, out: Array) -> None:
        """out[r, u] += Σ couplings · states of the other groups; groups that `state` lacks count as
        zero.
        """
        if all(n in state and state[n].any() for n in self.groups if n != name):
            self._add_field(arrays, name, state, out)

    @abstractmethod
    def _add_field(
        self, arrays: tuple[Array, ...], name: str, state: State, out: Array
    ) -> None: ...

    @abstractmethod
    def add_field_by_state(
        self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array
    ) -> None:
        """out[r, k, u] += the field of a group for every state k of the one-of-K unit `picked`."""

    @abstractmethod
    def add_moment(
        self,
        params: Mapping[str, Array],
        rows: State,
        weights: Array,
        out: Mapping[str, Array],
        scale: float,
    ) -> None:
        """out[θ] += scale · Σ_r weights[r] ∂(−E)/∂θ."""

    @abstractmethod
    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        """Columns of each group, in order of `groups`, and values: every coupling that is not 0,
        one by one, float64.
        """

    def minus_energy(self, arrays: tuple[Array, ...], state: State) -> Array:
        """[rows], float64: what the term adds to −E."""
        name = min(self.groups, key=lambda n: (self.plan.is_one_unit(n), self.sizes[n]))
        eta = np.zeros_like(state[name])
        self.add_field(arrays, name, state, eta)
        return np.einsum("np,np->n", eta, state[name], dtype=np.float64)

    def strength(self, arrays: tuple[Array, ...], name: str) -> tuple[Array, float]:
        """Σ |couplings| of each of a group's columns, [size], and the smallest that is not nearly
        0.
        """
        places, values = self.couplings(arrays)
        sizes = np.abs(values)
        total = np.bincount(places[self.groups.index(name)], sizes, self.sizes[name])
        return total, float(sizes[sizes > 1e-6].min(initial=np.inf))


class TensorTerm(Multiway):
    """One dense parameter [n0, n1, n2]; a one-of-K state picks slices of it."""

    def __init__(self, tensor: Tensor, plan: Plan, plain: bool) -> None:
        super().__init__(plan, plain)
        self.tensor, self.groups = tensor, tensor.groups
        self.shape = tuple(self.sizes[n] for n in tensor.groups)

    def arrays(self, params: Mapping[str, Array]) -> tuple[Array, ...]:
        return (params[self.tensor.parameter].reshape(self.shape),)

    def _codes(self, state: State, name: str) -> Array | None:
        return tensors.codes_of(state[name]) if self.plan.is_one_unit(name) else None

    def _add_field(self, arrays: tuple[Array, ...], name: str, state: State, out: Array) -> None:
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
        self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array
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
        self._add_field(arrays, name, repeated, out.reshape(rows * k, -1))

    def add_moment(
        self,
        params: Mapping[str, Array],
        rows: State,
        weights: Array,
        out: Mapping[str, Array],
        scale: float,
    ) -> None:
        a, b, c = self.groups
        codes = [self._codes(rows, n) for n in self.groups]
        into = out[self.tensor.parameter].reshape(self.shape)
        tensors.add_moment(
            into,
            (rows[a] * weights[:, None], rows[b], rows[c]),
            codes,
            scale * self.tensor.scale,
            self.plain,
        )

    def add_moment_by_state(
        self, picked: str, rows: State, weights: Array, out: Mapping[str, Array], scale: float
    ) -> None:
        """The same for rows that hold each case once a state of `picked`, which is not on the first
        axis, as that axis's states do not change.
        """
        first, k, at = self.groups[0], self.sizes[picked], self.groups.index(picked)
        count = len(weights) // k
        each = (rows[self.groups[3 - at]] * weights[:, None]).reshape(count, k, -1)
        y = each if at == 1 else each.transpose(0, 2, 1)
        into = out[self.tensor.parameter].reshape(self.shape[0], -1)
        products.moment(
            np.ascontiguousarray(rows[first][::k]),
            np.ascontiguousarray(y).reshape(count, -1),
            into,
            scale * self.tensor.scale,
            self.plain,
        )

    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        places = np.nonzero(arrays[0])
        return places, arrays[0][places].astype(np.float64) * self.tensor.scale

    def strength(self, arrays: tuple[Array, ...], name: str) -> tuple[Array, float]:
        w = np.abs(arrays[0])
        others = tuple(k for k in range(3) if self.groups[k] != name)
        scale = abs(self.tensor.scale)
        return (
            w.sum(axis=others, dtype=np.float64) * scale,
            float(w[w * scale > 1e-6].min(initial=np.inf)) * scale,
        )


class ContractedTerm(Multiway):
    """A product of parameters and states summed over shared letters, in the order of least cost.

    A group that index arithmetic reaches is unfolded: gathered into an array with an axis a letter,
    its field scattered back from one.
    """

    def __init__(self, contraction: Contraction, plan: Plan, plain: bool) -> None:
        super().__init__(plan, plain)
        self.contraction, self.groups = contraction, contraction.groups
        self.lengths = contraction.lengths(plan.model, NOMINAL_ROWS)
        self.letters = dict(zip(contraction.groups, contraction.letters, strict=True))
        reached = zip(self.groups, contraction.unfolded, strict=True)
        places = {n: place_of(u, plan.axes(n)) for n, u in reached if u is not None}
        self.unfolded = {
            n: grid_columns(p, self.letters[n], self.lengths) for n, p in places.items()
        }
        self.moments = [
            contraction.moment(k, self.lengths) for k in range(len(contraction.parameters))
        ]
        self._fields: dict[tuple[str, str | None], Path] = {}
        self._at_once = max(1, UNFOLDED // max((x.size for x in self.unfolded.values()), default=1))

    def arrays(self, params: Mapping[str, Array]) -> tuple[Array, ...]:
        return tuple(params[n] for n in self.contraction.parameters)

    def _parts(self, state: State, count: int) -> Iterator[tuple[slice, State]]:
        """Few enough cases at a time."""
        if not self.unfolded:
            yield slice(0, count), state
            return
        for lo in range(0, count, self._at_once):
            part = slice(lo, min(count, lo + self._at_once))
            yield part, {n: state[n][part] for n in self.groups if n in state}

    def _states(
        self, state: State, leave: tuple[str | None, ...]
    ) -> tuple[list[Array], list[Letters]]:
        """Other groups' states [rows, *lengths of their letters]."""
        found, letters = [], []
        for n in self.groups:
            if n not in leave:
                x = state[n]
                found.append(
                    unfold.gathered(x, self.unfolded[n])
                    if n in self.unfolded
                    else x.reshape(len(x), *(self.lengths[q] for q in self.letters[n]))
                )
                letters.append((ROWS, *self.letters[n]))
        return found, letters

    def _add_field(
        self,
        arrays: tuple[Array, ...],
        name: str,
        state: State,
        out: Array,
        picked: str | None = None,
    ) -> None:
        if (name, picked) not in self._fields:
            self._fields[name, picked] = self.contraction.field(name, self.lengths, picked)
        for part, some in self._parts(state, len(out)):
            xs, letters = self._states(some, (name, picked))
            made = contract.follow(
                self._fields[name, picked],
                [*xs, *arrays],
                [*letters, *self.contraction.parameter_letters],
                self.plain,
            )
            made = made * out.dtype.type(self.contraction.scale)
            if name in self.unfolded:
                unfold.scatter(made, self.unfolded[name], out[part])
            else:
                out[part] += made.reshape(out[part].shape)

    def add_field_by_state(
        self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array
    ) -> None:
        if picked in self.unfolded:
            rows, k = len(out), self.sizes[picked]
            repeated = {
                n: np.repeat(state[n], k, axis=0) for n in self.groups if n not in (name, picked)
            }
            repeated[picked] = np.tile(np.eye(k, dtype=out.dtype), (rows, 1))
            self.add_field(arrays, name, repeated, out.reshape(rows * k, -1))
        elif all(n in state and state[n].any() for n in self.groups if n not in (name, picked)):
            self._add_field(arrays, name, state, out, picked)

    def add_moment(
        self,
        params: Mapping[str, Array],
        rows: State,
        weights: Array,
        out: Mapping[str, Array],
        scale: float,
    ) -> None:
        names, every = self.contraction.parameters, self.contraction.parameter_letters
        for part, some in self._parts(rows, len(weights)):
            xs, letters = self._states(some, ())
            xs[0] = xs[0] * weights[part].reshape(-1, *(1 for _ in xs[0].shape[1:]))
            for place, (name, path) in enumerate(zip(names, self.moments, strict=True)):
                others = [k for k in range(len(names)) if k != place]
                made = contract.follow(
                    path,
                    [*xs, *(params[names[k]] for k in others)],
                    [*letters, *(every[k] for k in others)],
                    self.plain,
                )
                out[name][...] += made * out[name].dtype.type(scale * self.contraction.scale)

    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        names = einsum_names(x for x in self.lengths if x != ROWS)
        units = tuple(dict.fromkeys(x for g in self.contraction.letters for x in g))
        bound = tuple(x for x in units if any(x in p for p in self.contraction.parameter_letters))
        inputs = ",".join("".join(names[x] for x in p) for p in self.contraction.parameter_letters)
        entries = np.einsum(
            f"{inputs}->{''.join(names[x] for x in bound)}",
            *(x.astype(np.float64) for x in arrays),
            optimize=True,
        )
        spread = entries.transpose([bound.index(x) for x in units if x in bound]).reshape(
            [self.lengths[x] if x in bound else 1 for x in units]
        )
        whole = np.broadcast_to(spread, [self.lengths[x] for x in units])
        at = dict(zip(units, np.nonzero(whole), strict=True))
        values = whole[np.nonzero(whole)] * self.contraction.scale
        places, there = [], np.ones(len(values), bool)
        for n in self.groups:
            letters = self.letters[n]
            shape = tuple(self.lengths[x] for x in letters)
            place = (
                np.ravel_multi_index(tuple(at[x] for x in letters), shape)
                if letters
                else np.zeros(len(values), np.int64)
            )
            column = (
                self.unfolded[n].ravel()[place].astype(np.int64) if n in self.unfolded else place
            )
            there &= column >= 0
            places.append(column)
        return tuple(x[there] for x in places), values[there]


class ConvolvedTerm(ContractedTerm):
    """Two groups that meet through one parameter, shared over sites: sites beside cases in one
    matrix product, tile by tile.
    """

    def __init__(self, contraction: Contraction, plan: Plan, plain: bool) -> None:
        super().__init__(contraction, plan, plain)
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

    def arrays(self, params: Mapping[str, Array]) -> tuple[Array, ...]:
        return (params[self.contraction.parameters[0]], self._matrix(params))

    def _matrix(self, params: Mapping[str, Array]) -> Array:
        """The parameter as [letters of the second group, letters of the first]."""
        w = params[self.contraction.parameters[0]].transpose(self.order)
        return np.ascontiguousarray(w).reshape(
            self.sides[self.ends[1]].rows, self.sides[self.ends[0]].rows
        )

    def _add_field(
        self,
        arrays: tuple[Array, ...],
        name: str,
        state: State,
        out: Array,
        picked: str | None = None,
    ) -> None:
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
        self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array
    ) -> None:
        rows, k = len(out), self.sizes[picked]
        self.add_field(
            arrays,
            name,
            {picked: np.tile(np.eye(k, dtype=out.dtype), (rows, 1))},
            out.reshape(rows * k, -1),
        )

    def add_moment(
        self,
        params: Mapping[str, Array],
        rows: State,
        weights: Array,
        out: Mapping[str, Array],
        scale: float,
    ) -> None:
        a, b = self.ends
        made = convolution.moment(rows[b], self.sides[b], rows[a], self.sides[a], weights)
        into = out[self.contraction.parameters[0]]
        shape = [into.shape[k] for k in self.order]
        into += (
            (made * into.dtype.type(scale * self.contraction.scale))
            .reshape(shape)
            .transpose(np.argsort(self.order))
        )

    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        return super().couplings(arrays[:1])


def bound_terms(plan: Plan, plain: bool) -> tuple[Multiway, ...]:
    """The plan's terms of several groups, tensors first.

    Convolutions have kernels of their own where numba compiles.
    """
    contracted = (
        (
            ConvolvedTerm(c, plan, plain)
            if c.is_convolution and not plain
            else ContractedTerm(c, plan, plain)
        )
        for c in plan.contractions
    )
    return (*(TensorTerm(t, plan, plain) for t in plan.tensors), *contracted)
