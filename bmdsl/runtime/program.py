"""A plan bound to arrays: fields, means, draws, log-partitions and gradients of every group, one
call each.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from ..kernels import listed, products, tensors
from ..language.forms import Form
from ..language.model import Length
from ..plan.plan import Coupling, GroupPlan, Pair, Plan
from ..plan.term_kinds import Kind, kinds_of, verify_takes
from .experts import BoundExpert, bound_experts
from .listing import Listing
from .multiway import Multiway, TensorTerm, bound_terms

Array = np.ndarray
Key = tuple[int, int, int, int]
"""Seed, stream, update and step: with chain and unit, what a random number is a function of."""
State = dict[str, Array]
"""Group name → matrix [row, column]; the columns are the group's flattened axes, one-hot where it
is one-of-K.
"""
TAKES = frozenset(
    {
        Kind.CONSTANT,
        Kind.BASE,
        Kind.BIAS,
        Kind.SQUARE,
        Kind.COUPLING,
        Kind.SQUARED_COUPLING,
        Kind.LATERAL,
        Kind.LISTED,
        Kind.TENSOR,
        Kind.CONTRACTION,
        Kind.EXPERT,
    }
)
"""What energies and gradients account for, and draws; fields too, but of units that experts see."""


class Rows(dict[str, Array]):
    """A state whose rows may be means; `squares` then holds E[x²] of the groups whose type has that
    statistic.

    `fields` keeps the η that a group's means came from, so that a draw from the same conditional
    costs no second product.
    """

    def __init__(
        self,
        rows: State,
        squares: State | None = None,
        fields: State | None = None,
        states: str | None = None,
    ) -> None:
        super().__init__(rows)
        self.squares = squares or {}
        self.fields = fields or {}
        self.drawn: tuple[str, ...] = ()
        """Hidden groups that are drawn, given which `fields` were made."""
        self.states = states
        """A one-of-K group whose states 0, ..., K − 1 follow one another, all other groups the same
        in each run of K rows.
        """


@dataclass(frozen=True)
class Fields:
    """What the parameters amount to, made once for each setting of them: biases, coupling matrices
    (times their scale), lateral ones.
    """

    bias: State
    bias2: State
    matrix: dict[Pair, Array]
    scale: dict[Pair, float]
    lateral: State
    raw: State
    constant: float
    values: Array | None = None
    """Values of all listed couplings."""
    woven: dict[str, tuple[Array, ...]] = field(default_factory=dict)
    """Group → its listed couplings, unit after unit, as kernels take them."""
    multiway: tuple[tuple[Multiway, tuple[Array, ...]], ...] = ()
    """Terms of several groups with their parameters."""
    experts: tuple[tuple[BoundExpert, tuple[Array, Array, Array]], ...] = ()
    """Functions of projections, with their matrices, constants and strengths."""

    def alone(self) -> Fields:
        """The same biases without any coupling."""
        lateral = {n: np.zeros_like(x) for n, x in self.lateral.items()}
        woven = {n: (*x[:2], 0 * x[2], x[3], 0 * x[4], *x[5:]) for n, x in self.woven.items()}
        return replace(
            self,
            scale=dict.fromkeys(self.scale, 0.0),
            lateral=lateral,
            woven=woven,
            multiway=(),
            experts=(),
        )


def _seen_from(name: str, c: Coupling) -> tuple[str, int, int, Any, Pair]:
    """A coupling as a group sees it: the other group, its power and this group's, the product that
    gives the field, the matrix.
    """
    forward = c.b == name
    other, own = (0, 1) if forward else (1, 0)
    return (
        (c.a, c.b)[other],
        c.powers[other],
        c.powers[own],
        products.forward if forward else products.backward,
        c.key,
    )


class Program:
    """The generated module of a model with its sizes. Pure: parameters and states are arguments."""

    def __init__(
        self, plan: Plan, module: ModuleType, lengths: tuple[Length, ...], dtype: np.dtype[Any]
    ) -> None:
        self.plan, self.module, self.dtype = plan, module, dtype
        self.n = np.array([int(x) for x in lengths] + [0], np.int64)
        self.k = np.array([t.coefficient for t in plan.model.terms] + [0.0], np.float64)
        self.edges = tuple(np.asarray(g.edges, np.int64) for g in plan.model.graphs)
        self.sizes = {g.name: g.size for g in plan.groups}
        self.plain = not module.COMPILE
        self._scratch: State = {}
        self._groups = {g.name: g for g in plan.groups}
        self._neighbours = {
            g.name: [_seen_from(g.name, c) for c in plan.couplings_of(g.name)] for g in plan.groups
        }
        self.functions = {
            key: getattr(module, name)
            for key, name in plan.functions.items()
            if hasattr(module, name)
        }
        """The module's functions by what they are for."""
        self.multiway = bound_terms(plan, self.plain)
        self.experts = bound_experts(plan)
        self.listing = Listing(plan, self.functions, self.n, self.edges) if plan.listed else None
        self.scales = {c.key: c.scale if c.direct is not None else 1.0 for c in plan.couplings}
        self.states = {g.name: int(g.states) if g.states is not None else 1 for g in plan.groups}
        self.kinds = kinds_of(plan)
        self._has_constant = any(f.form is Form.CONSTANT for f in plan.forms)
        self.verify_takes(TAKES, "the compiled machine")

    def verify_takes(self, takes: Set[Kind], what: str) -> None:
        """BmError BM880 where the energy has a kind of term that `what` does not account for."""
        if not self.kinds <= takes:
            verify_takes(self.plan, self.kinds, takes, what)

    def _tail(self, params: dict[str, Array]) -> tuple[Any, ...]:
        return (self.k, self.n, *(params[p.name] for p in self.plan.model.parameters), *self.edges)

    def couple(self, params: dict[str, Array]) -> Fields:
        """Biases and coupling matrices of these parameters; a direct coupling is a view, never a
        copy.
        """
        tail = self._tail(params)
        bias: State = {}
        bias2: State = {}
        lateral: State = {}
        raw: State = {}
        matrix: dict[Pair, Array] = {}
        for g in self.plan.groups:
            bias[g.name] = self._built(("bias", g.name, 1), (g.size,), tail)
            if g.square:
                bias2[g.name] = self._built(("bias", g.name, 2), (g.size,), tail)
            if g.lateral:
                full = self._built(("couple", ((g.name, 1), (g.name, 1))), (g.size, g.size), tail)
                raw[g.name] = full
                lateral[g.name] = self._symmetric(g, full, bias, bias2)
        for c in self.plan.couplings:
            if c.direct is not None:
                matrix[c.key] = params[c.direct].reshape(self.sizes[c.a], self.sizes[c.b])
            else:
                matrix[c.key] = self._built(
                    ("couple", c.key), (self.sizes[c.a], self.sizes[c.b]), tail
                )
        multiway = tuple((t, t.arrays(params)) for t in self.multiway)
        made = Fields(
            bias,
            bias2,
            matrix,
            self.scales,
            lateral,
            raw,
            float(self.functions["constant",](*tail)),
            multiway=multiway,
            experts=tuple((e, e.arrays(params, self.dtype)) for e in self.experts),
        )
        if self.listing is None:
            return made
        values = self.listing.values(tail, self.dtype)
        return replace(
            made,
            values=values,
            woven={n: self.listing.incidence(n).bound(values) for n in self.listing.offset},
        )

    def _symmetric(self, g: GroupPlan, full: Array, bias: State, bias2: State) -> Array:
        """Both orders of a pair together; a unit's pair with itself is a statistic of that unit, so
        it moves to the biases.
        """
        diagonal = np.diagonal(full).copy()
        power = g.unit.reduces.get(2, 2)
        if power == 1:
            bias[g.name] = bias[g.name] + diagonal
        elif g.square:  # of a type without that statistic no unit meets itself
            bias2[g.name] = bias2[g.name] + diagonal
        both = full + full.T
        k = self.states[g.name]
        for p in range(0, g.size, k):
            both[p : p + k, p : p + k] = 0
        return both

    def constant(self, params: dict[str, Array]) -> float:
        """What the energy's terms without units add to it, in nats."""
        return (
            float(self.functions["constant",](*self._tail(params))) if self._has_constant else 0.0
        )

    def field(
        self,
        f: Fields,
        name: str,
        state: State,
        groups: Iterable[str] | None = None,
        start: Array | None = None,
        out: Array | None = None,
    ) -> Array:
        """η of a group given every other group (and its own other units where they meet): [rows,
        size], new or `out`.

        A group whose type has the statistic x² gets [2, rows, size], the fields on x and on x².
        `groups` leaves all other neighbours out; `start`, of the result's shape, takes the place of
        the biases. Listed couplings are left out where `groups` is given without `start`, so that
        such a call's result is one to start from.
        """
        rows = len(next(iter(state.values())))
        eta = np.empty(self.shape(name, rows), self.dtype) if out is None else out
        both = eta if eta.ndim == 3 else eta[None]
        if start is not None:
            eta[:] = start
        else:
            both[0] = f.bias[name]
            if eta.ndim == 3:
                both[1] = f.bias2[name]
        for other, power, own, product, key in self._neighbours[name]:
            if groups is None or other in groups:
                product(
                    self._power(state, other, power),
                    f.matrix[key],
                    both[own - 1],
                    f.scale[key],
                    self.plain,
                )
        if name in f.lateral and (groups is None or name in groups):
            products.forward(state[name], f.lateral[name], both[0], 1.0, self.plain)
        if name in f.woven and (groups is None or start is not None) and self.listing is not None:
            listed.add_fields(self.listing.joined(state), both[0], *f.woven[name])
        if groups is None or start is not None:
            for term, arrays in f.multiway:
                if name in term.groups:
                    term.add_field(arrays, name, state, both[0])
        return eta

    def fields_by_state(self, f: Fields, name: str, state: State, picked: str) -> Array:
        """η of a group for every state of the one-of-K unit `picked`, given all others: [rows · K,
        size], or [2, rows · K, size].

        `state` holds `picked` at zero.
        """
        k, rows = self.sizes[picked], len(state[picked])
        base = self.field(f, name, state)
        alone = {n: np.zeros((k, self.sizes[n]), self.dtype) for n in state} | {
            picked: np.eye(k, dtype=self.dtype)
        }
        extra = self.field(f, name, alone, groups=[picked]) - self.field(f, name, alone, groups=())
        pairs = [
            tensors.every_pair(np.ascontiguousarray(b), np.ascontiguousarray(e), self.plain)
            for b, e in zip(
                base.reshape(-1, rows, self.sizes[name]),
                extra.reshape(-1, k, self.sizes[name]),
                strict=True,
            )
        ]
        eta = pairs[0] if base.ndim == 2 else np.stack(pairs)
        both = eta if eta.ndim == 3 else eta[None]
        for term, arrays in f.multiway:
            if name in term.groups and picked in term.groups:
                term.add_field_by_state(arrays, name, picked, state, both[0].reshape(rows, k, -1))
        if (
            self.listing is not None and name in f.woven
        ):  # couplings written out that need the state of `picked` too
            whole = {n: np.repeat(x, k, axis=0) for n, x in state.items()} | {
                picked: np.tile(np.eye(k, dtype=self.dtype), (rows, 1))
            }
            without = {n: np.repeat(x, k, axis=0) for n, x in state.items()}
            there, absent = np.zeros_like(both[0]), np.zeros_like(both[0])
            listed.add_fields(self.listing.joined(whole), there, *f.woven[name])
            listed.add_fields(self.listing.joined(without), absent, *f.woven[name])
            both[0] += there - absent
        return eta

    def meets(self, name: str) -> bool:
        """Whether a group's units act on one another."""
        return self._groups[name].lateral or self._groups[name].woven or self._groups[name].expert

    def shape(self, name: str, rows: int) -> tuple[int, ...]:
        """The shape of a group's fields."""
        size = (rows, self.sizes[name])
        return (2, *size) if self._groups[name].square else size

    def _power(self, state: State, name: str, power: int) -> Array:
        if power == 1:
            return state[name]
        squares = state.squares if isinstance(state, Rows) else {}
        return squares[name] if name in squares else state[name] * state[name]

    def scratch(self, name: str, rows: int) -> Array:
        """An array for fields that are used up at once; the next call for this group gets the same
        one.
        """
        made = self._scratch.get(name)
        if made is None or made.shape[-2] != rows:
            self._scratch[name] = made = np.empty(self.shape(name, rows), self.dtype)
        return made

    def _fields_of(self, name: str, eta: Array) -> tuple[Any, ...]:
        g = self._groups[name]
        return (
            (eta, self.states[name])
            if g.states is not None
            else (eta[0], eta[1])
            if g.square
            else (eta,)
        )

    def _of_fields(self, verb: str, name: str, eta: Array, out: Array) -> Array:
        self.functions[verb, name](*self._fields_of(name, eta), out)
        return out

    def _built(self, key: Any, shape: tuple[int, ...], tail: tuple[Any, ...]) -> Array:
        """Zeros of this shape, to which a function of the module adds what parameters give."""
        out = np.zeros(shape, self.dtype)
        self.functions[key](out, *tail)
        return out

    def mean(self, name: str, eta: Array) -> Array:
        """A′(η), a new array [rows, size]."""
        return self._of_fields("mean", name, eta, np.empty(eta.shape[-2:], self.dtype))

    def mean_square(self, name: str, eta: Array) -> Array:
        """E[x²] of a group whose type has that statistic."""
        return self._of_fields("mean_square", name, eta, np.empty(eta.shape[-2:], self.dtype))

    def log_partition(self, name: str, eta: Array) -> Array:
        """Σ A(η) over the group's units: [rows], float64."""
        return self._of_fields("log_partition", name, eta, np.empty(eta.shape[-2], np.float64))

    def log_base(self, name: str, x: Array) -> Array:
        """Σ log base measure over the group's units: [rows], float64; zero for one-of-K groups and
        types of base 1.
        """
        if self._groups[name].states is not None or not self._groups[name].unit.has_base():
            return np.zeros(len(x))
        out = np.empty(len(x), np.float64)
        self.functions["log_base", name](x, out)
        return out

    def curvature(self, name: str, eta: Array, delta: Array) -> Array:
        """A″(η) δ: how a group's means change with its fields, [rows, size].

        One-of-K units: p ∘ (δ − Σ p δ).
        """
        g = self._groups[name]
        if g.states is None:
            return (
                self._of_fields("variance", name, eta, np.empty(eta.shape[-2:], self.dtype)) * delta
            )
        p, d = (x.reshape(len(delta), -1, self.states[name]) for x in (self.mean(name, eta), delta))
        return (p * (d - (p * d).sum(2, keepdims=True))).reshape(delta.shape)

    def base_slope(self, name: str, x: Array) -> Array | None:
        """d log base(x)/dx, [rows, size]; None where the base measure is constant."""
        g = self._groups[name]
        if g.states is not None or not g.unit.has_base():
            return None
        out = np.empty_like(x)
        self.functions["base_slope", name](x, out)
        return out

    def draw(
        self,
        f: Fields,
        name: str,
        eta: Array,
        state: State,
        seen: Array,
        key: Key,
        first: int = 0,
        beta: Array | None = None,
    ) -> None:
        """Draws a group from its fields into state[name], in place.

        `seen` is [0, 0] or the group's observed values, NaN where free.

        A group whose units meet is swept unit after unit from its present state, and `eta` is used
        up. `beta` [rows] multiplies all fields (an inverse temperature a row).
        """
        if self._groups[name].lateral or self._groups[name].woven:
            beta = np.ones(len(state[name]), self.dtype) if beta is None else beta
            self.functions["draw", name](
                *self._fields_of(name, eta),
                beta,
                *self._meeting(f, name, state),
                seen,
                *key,
                first,
                state[name],
            )
            return
        if beta is not None:
            eta *= beta[:, None]
        self.functions["draw", name](*self._fields_of(name, eta), seen, *key, first, state[name])

    def sweep(
        self, f: Fields, name: str, x: Array, beta: Array, seen: Array, key: Key, steps: int
    ) -> None:
        """Draws a group `steps` times in place in all chains at once, for x [columns of all groups,
        chains] of a model whose terms are all listed.
        """
        assert self.listing is not None
        g = self._groups[name]
        bases = (
            f.bias[name],
            *((f.bias2[name],) if g.square else ()),
            *((self.states[name],) if g.states is not None else ()),
        )
        self.functions["sweep", name](
            x,
            self.listing.offset[name],
            *bases,
            beta,
            *self.listing.colours(name),
            *f.woven[name],
            seen,
            *key,
            steps,
        )

    def _meeting(self, f: Fields, name: str, state: State) -> tuple[Any, ...]:
        """How a group's units act on one another, as its generated functions take it."""
        dense = (f.lateral[name],) if name in f.lateral else ()
        if not self._groups[name].woven or self.listing is None:
            return dense
        return (*dense, self.listing.joined(state), self.listing.offset[name], *f.woven[name])

    def settle(self, f: Fields, name: str, eta: Array, state: State, seen: Array) -> Array:
        """One pass of mean field inside a group whose units meet, from its present means, with
        their fields `eta`: the new means.
        """
        inside = {n: x.copy() if n == name else x for n, x in state.items()}
        ones = np.ones(len(inside[name]), self.dtype)
        self.functions["settle", name](
            *self._fields_of(name, eta), ones, *self._meeting(f, name, inside), seen, inside[name]
        )
        return inside[name]

    def energy(self, f: Fields, state: State) -> Array:
        """E of each row in nats, base measures included, so that P = exp(−E)/Z: [rows], float64."""
        return -self.log_weight(f, state, self.sizes)

    def log_weight(
        self, f: Fields, state: State, based: Iterable[str], groups: Iterable[str] | None = None
    ) -> Array:
        """−E as it is written, and the log base measures of the groups in `based`: [rows], in nats,
        float64.

        All quantities are made of it, with every group's base measure in: given groups', and those
        of groups that are summed out by their A(η). `groups`: the terms among these alone, all
        others being zero in `state`.
        """
        total = self.minus_energy(f, state, groups)
        for name in based:
            total += self.log_base(name, state[name])
        return total

    def minus_energy(self, f: Fields, state: State, groups: Iterable[str] | None = None) -> Array:
        """−E as it is written, base measures left out: [rows], in nats, float64.

        A row of means of independent units gives the mean of −E.

        `groups`: the terms among these alone, all others being zero in `state`.
        """
        inside = set(self.sizes) if groups is None else set(groups)
        total = np.full(len(next(iter(state.values()))), -f.constant)
        for g in self.plan.groups:
            if g.name not in inside:
                continue
            x = state[g.name]
            if g.lateral:
                total += 0.5 * self._paired(x, f.lateral[g.name], x, 1.0)
                if g.unit.reduces.get(2, 2) == 0:
                    total += float(np.trace(f.raw[g.name], dtype=np.float64))
            total += (x @ f.bias[g.name]).astype(np.float64)
            if g.square:
                total += (self._power(state, g.name, 2) @ f.bias2[g.name]).astype(np.float64)
        for c in self.plan.couplings:
            if {c.a, c.b} <= inside:
                a, b = (self._power(state, n, p) for n, p in zip((c.a, c.b), c.powers, strict=True))
                total += self._paired(a, f.matrix[c.key], b, f.scale[c.key])
        if self.listing is not None and f.values is not None:
            energies = np.zeros(len(total))
            self.listing.energies(self.listing.joined(state), f.values, energies)
            total -= energies
        for term, arrays in f.multiway:
            if set(term.groups) <= inside:
                total += term.minus_energy(arrays, state)
        for e, parts in f.experts:
            if set(e.groups) <= inside:
                total -= e.energy(parts, state)
        return total

    def _paired(self, x: Array, w: Array, y: Array, scale: float) -> Array:
        """scale · Σ_pq x[r, p] w[p, q] y[r, q]: [rows], summed in float64."""
        product = np.zeros((len(x), w.shape[1]), self.dtype)
        products.forward(x, w, product, scale, self.plain)
        return np.einsum("np,np->n", product, y, dtype=np.float64)

    def accumulate(
        self,
        params: dict[str, Array],
        rows: State,
        weights: Array | None,
        out: dict[str, Array],
        scale: float,
        own: tuple[str, ...] | None = None,
    ) -> None:
        """out[θ] += scale · Σ_n w_n ∂(−E)/∂θ at each row.

        With `own`, of the terms of one group only those of these groups.
        """
        squares = rows.squares if isinstance(rows, Rows) else {}
        tail = self._tail(params)
        grads = tuple(out[p.name] for p in self.plan.model.parameters)
        count = len(next(iter(rows.values())))
        w = np.ones(count, self.dtype) if weights is None else np.asarray(weights, self.dtype)
        even = float(w[0]) if count and (w == w[0]).all() else None

        def moment(x: Array, y: Array, into: Array, factor: float) -> Array:
            products.moment(
                x if even is not None else x * w[:, None],
                y,
                into,
                factor * (even if even is not None else 1.0),
                self.plain,
            )
            return into

        for g in self.plan.groups:
            if own is not None and g.name not in own:
                continue
            x = rows[g.name]
            self.functions["collect", g.name, 1](w @ x, scale, *grads, *tail)
            if g.square or g.lateral:
                square = squares[g.name] if g.name in squares else x * x
            if g.square:
                self.functions["collect", g.name, 2](w @ square, scale, *grads, *tail)
            if g.lateral:
                pairs = moment(x, x, np.zeros((g.size, g.size), self.dtype), 1.0)
                power = g.unit.reduces.get(2, 2)
                np.fill_diagonal(
                    pairs, w @ x if power == 1 else w.sum() if power == 0 else w @ square
                )
                if self.states[g.name] > 1:
                    self._one_of_k_blocks(pairs, self.states[g.name])
                self.functions["collect", ((g.name, 1), (g.name, 1))](pairs, scale, *grads, *tail)
        for term in self.multiway:
            picked = rows.states if isinstance(rows, Rows) else None
            if (
                isinstance(rows, Rows)
                and isinstance(term, TensorTerm)
                and picked in term.groups[1:]
                and term.groups[0] not in rows.fields
            ):
                term.add_moment_by_state(picked, rows, w, out, scale)
            else:
                term.add_moment(params, rows, w, out, scale)
        for e in self.experts:
            e.accumulate(params, e.arrays(params, self.dtype), rows, w, out, scale)
        for c in self.plan.couplings:
            size = (self.sizes[c.a], self.sizes[c.b])
            a, b = (self._power(rows, n, p) for n, p in zip((c.a, c.b), c.powers, strict=True))
            if c.direct is not None:
                moment(a, b, out[c.direct].reshape(size), scale * c.scale)
            else:
                self.functions["collect", c.key](
                    moment(a, b, np.zeros(size, self.dtype), 1.0), scale, *grads, *tail
                )
        if self.listing is not None:
            self.listing.collect(self.listing.joined(rows), w, scale, grads, tail)
        if own is None:
            self.functions["collect",](float(w.sum()), scale, *grads, *tail)

    @staticmethod
    def _one_of_k_blocks(moment: Array, k: int) -> None:
        """Two states of one unit are never on together."""
        for p in range(0, len(moment), k):
            block = moment[p : p + k, p : p + k]
            block[:] = np.diag(np.diagonal(block))

    def flat(self, name: str, values: Array) -> Array:
        """[n, *axes] → [n, size] in the program's type, contiguous; a group of one unit may be
        given as [n].
        """
        g = self._groups[name]
        axes = tuple(int(a) for a in g.axes)
        x = np.asarray(values, self.dtype)
        return np.ascontiguousarray(x.reshape(len(x), prod(axes)))

    def shaped(self, name: str, x: Array) -> Array:
        """[n, size] → [n, *axes]."""
        return x.reshape(len(x), *(int(a) for a in self._groups[name].axes))

    def direct(self, parameter: str) -> Coupling | None:
        """The coupling that is this very parameter."""
        return next((c for c in self.plan.couplings if c.direct == parameter), None)
