"""Terms of several groups bound to sizes: what they add to a group's field, to the gradient, and what they couple one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from ..compiler.contraction import ROWS, Letters, Path
from ..compiler.kernels import contract, products, tensors
from ..compiler.multiway import Contraction, Tensor
from ..compiler.plan import Plan

Array = np.ndarray
State = Mapping[str, Array]
NOMINAL_ROWS = 100
"""Cases that an order of summation is chosen for."""


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
        """out[r, u] += Σ couplings · states of the other groups; groups that `state` lacks count as zero."""
        if all(n in state and state[n].any() for n in self.groups if n != name):
            self._add_field(arrays, name, state, out)

    @abstractmethod
    def _add_field(self, arrays: tuple[Array, ...], name: str, state: State, out: Array) -> None: ...

    @abstractmethod
    def add_field_by_state(self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array) -> None:
        """out[r, k, u] += the field of a group for every state k of the one-of-K unit `picked`."""

    @abstractmethod
    def add_moment(self, params: Mapping[str, Array], rows: State, weights: Array, out: Mapping[str, Array], scale: float) -> None:
        """out[θ] += scale · Σ_r weights[r] ∂(−E)/∂θ."""

    @abstractmethod
    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        """Columns of each group, in order of `groups`, and values: every coupling that is not 0, one by one, float64."""

    def minus_energy(self, arrays: tuple[Array, ...], state: State) -> Array:
        """[rows], float64: what the term adds to −E."""
        name = min(self.groups, key=lambda n: (self.plan.is_one_unit(n), self.sizes[n]))
        eta = np.zeros_like(state[name])
        self.add_field(arrays, name, state, eta)
        return np.einsum("np,np->n", eta, state[name], dtype=np.float64)

    def strength(self, arrays: tuple[Array, ...], name: str) -> tuple[Array, float]:
        """Σ |couplings| of each of a group's columns, [size], and the smallest that is not nearly 0."""
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
        tensors.add_field(arrays[0], self.groups.index(name), (state[x], state[y]), codes, out, self.tensor.scale, self.plain)

    def add_field_by_state(self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array) -> None:
        other = next(n for n in self.groups if n not in (name, picked))
        scale, w = self.tensor.scale, arrays[0]
        if self.groups == (other, picked, name):  # as it lies: added where it is wanted
            tensors.add_all_fields(w, np.ascontiguousarray(state[other]), out, scale, self.plain)
            return
        if self.groups[0] == other:
            out += tensors.all_fields(w, np.ascontiguousarray(state[other]), scale, self.plain).transpose(0, 2, 1)
            return
        rows, k = len(state[other]), self.sizes[picked]
        repeated = {other: np.repeat(state[other], k, axis=0), picked: np.tile(np.eye(k, dtype=w.dtype), (rows, 1))}
        self._add_field(arrays, name, repeated, out.reshape(rows * k, -1))

    def add_moment(self, params: Mapping[str, Array], rows: State, weights: Array, out: Mapping[str, Array], scale: float) -> None:
        a, b, c = self.groups
        codes = [self._codes(rows, n) for n in self.groups]
        into = out[self.tensor.parameter].reshape(self.shape)
        tensors.add_moment(into, (rows[a] * weights[:, None], rows[b], rows[c]), codes, scale * self.tensor.scale, self.plain)

    def add_moment_by_state(self, picked: str, rows: State, weights: Array, out: Mapping[str, Array], scale: float) -> None:
        """The same for rows that hold each case once a state of `picked`, which is not on the first axis, as that axis's states do not change."""
        first, k, at = self.groups[0], self.sizes[picked], self.groups.index(picked)
        count = len(weights) // k
        each = (rows[self.groups[3 - at]] * weights[:, None]).reshape(count, k, -1)
        y = each if at == 1 else each.transpose(0, 2, 1)
        into = out[self.tensor.parameter].reshape(self.shape[0], -1)
        products.moment(np.ascontiguousarray(rows[first][::k]), np.ascontiguousarray(y).reshape(count, -1), into,
                        scale * self.tensor.scale, self.plain)  # fmt: skip

    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        places = np.nonzero(arrays[0])
        return places, arrays[0][places].astype(np.float64) * self.tensor.scale

    def strength(self, arrays: tuple[Array, ...], name: str) -> tuple[Array, float]:
        w = np.abs(arrays[0])
        others = tuple(k for k in range(3) if self.groups[k] != name)
        scale = abs(self.tensor.scale)
        return w.sum(axis=others, dtype=np.float64) * scale, float(w[w * scale > 1e-6].min(initial=np.inf)) * scale


class ContractedTerm(Multiway):
    """A product of parameters and states summed over shared letters, in the order of least cost."""

    def __init__(self, contraction: Contraction, plan: Plan, plain: bool) -> None:
        super().__init__(plan, plain)
        self.contraction, self.groups = contraction, contraction.groups
        self.axes = {n: tuple(int(a) for a in plan.group(n).axes) for n in self.groups}
        self.lengths = contraction.lengths(plan.model, NOMINAL_ROWS)
        self.moments = [contraction.moment(k, self.lengths) for k in range(len(contraction.parameters))]
        self._fields: dict[tuple[str, str | None], Path] = {}

    def arrays(self, params: Mapping[str, Array]) -> tuple[Array, ...]:
        return tuple(params[n] for n in self.contraction.parameters)

    def _states(self, state: State, leave: tuple[str | None, ...]) -> tuple[list[Array], list[Letters]]:
        """Other groups' states [rows, *axes] with their letters."""
        kept = [(n, x) for n, x in zip(self.groups, self.contraction.letters, strict=True) if n not in leave]
        return [state[n].reshape(-1, *self.axes[n]) for n, _ in kept], [(ROWS, *x) for _, x in kept]

    def _add_field(self, arrays: tuple[Array, ...], name: str, state: State, out: Array, picked: str | None = None) -> None:
        if (name, picked) not in self._fields:
            self._fields[name, picked] = self.contraction.field(name, self.lengths, picked)
        xs, letters = self._states(state, (name, picked))
        made = contract.follow(self._fields[name, picked], [*xs, *arrays], [*letters, *self.contraction.parameter_letters], self.plain)
        out += made.reshape(out.shape) * out.dtype.type(self.contraction.scale)

    def add_field_by_state(self, arrays: tuple[Array, ...], name: str, picked: str, state: State, out: Array) -> None:
        if all(n in state and state[n].any() for n in self.groups if n not in (name, picked)):
            self._add_field(arrays, name, state, out, picked)

    def add_moment(self, params: Mapping[str, Array], rows: State, weights: Array, out: Mapping[str, Array], scale: float) -> None:
        xs, letters = self._states(rows, ())
        xs[0] = xs[0] * weights.reshape(-1, *(1 for _ in xs[0].shape[1:]))
        names, every = self.contraction.parameters, self.contraction.parameter_letters
        for place, (name, path) in enumerate(zip(names, self.moments, strict=True)):
            others = [k for k in range(len(names)) if k != place]
            made = contract.follow(path, [*xs, *(params[names[k]] for k in others)], [*letters, *(every[k] for k in others)], self.plain)
            out[name][...] += made * out[name].dtype.type(scale * self.contraction.scale)

    def couplings(self, arrays: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
        names = {x: chr(ord("a") + k) for k, x in enumerate(x for x in self.lengths if x != ROWS)}
        units = tuple(dict.fromkeys(x for g in self.contraction.letters for x in g))
        inputs = ",".join("".join(names[x] for x in p) for p in self.contraction.parameter_letters)
        whole = np.einsum(f"{inputs}->{''.join(names[x] for x in units)}", *(x.astype(np.float64) for x in arrays), optimize=True)
        at = dict(zip(units, np.nonzero(whole), strict=True))
        count = int(np.count_nonzero(whole))
        places = []
        for n, letters in zip(self.groups, self.contraction.letters, strict=True):
            column = np.zeros(count, np.int64)
            for x, length in zip(letters, self.axes[n], strict=True):
                column = column * length + at[x]
            places.append(column)
        return tuple(places), whole[np.nonzero(whole)] * self.contraction.scale


def bound_terms(plan: Plan, plain: bool) -> tuple[Multiway, ...]:
    """The plan's terms of several groups, tensors first."""
    return (*(TensorTerm(t, plan, plain) for t in plan.tensors), *(ContractedTerm(c, plan, plain) for c in plan.contractions))
