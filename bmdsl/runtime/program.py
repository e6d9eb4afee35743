"""A plan bound to arrays: fields, draws, energies and gradients of every group, one call each."""

from __future__ import annotations

from collections.abc import Iterable, Set
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from ..kernels import tensors
from ..language.forms import Form
from ..language.model import Length
from ..plan.plan import Plan
from ..plan.term_kinds import Kind, kinds_of, verify_takes
from .experts import bound_experts
from .fields import Fields as Fields
from .listing import Listing
from .module_calls import Parameters
from .rows import Array as Array
from .rows import Key as Key
from .rows import Rows as Rows
from .rows import State as State
from .terms import bound
from .terms.interface import Arrays, GradientSum, Weighted
from .terms.listed import BoundListed
from .unit_functions import UnitFunctions

TAKES = bound.TAKES


class Program(UnitFunctions):
    """The generated module of a model with its sizes, and its terms.

    Pure: parameters and states are arguments. A sum over the terms is a loop: what a kind of term
    adds is said in its own file of `terms`.
    """

    first_chain: int | None = None
    """The number of the first chain at hand among those that several ranks share; None where all
    chains are at hand.
    """
    shared_chains: int | None = None
    """How many chains ranks have together, if they share them."""

    def __init__(
        self, plan: Plan, module: ModuleType, lengths: tuple[Length, ...], dtype: np.dtype[Any]
    ) -> None:
        super().__init__(plan, module, lengths, dtype)
        self._scratch: State = {}
        self.listing = Listing(plan, self.functions, self.n, self.edges) if plan.listed else None
        self.experts = bound_experts(plan)
        self.biases = bound.biases(self)
        self.couplings = tuple(bound.couplings(self, self.listing, self.experts))
        self.kinds = kinds_of(plan)
        self._has_constant = any(f.form is Form.CONSTANT for f in plan.forms)
        self.verify_takes(TAKES, "the compiled machine")

    def verify_takes(self, takes: Set[Kind], what: str) -> None:
        """BmError BM880 where the energy has a kind of term that `what` does not account for."""
        if not self.kinds <= takes:
            verify_takes(self.plan, self.kinds, takes, what)

    def couple(self, params: Parameters) -> Fields:
        """Biases and couplings of these parameters; a parameter that is a coupling is never
        copied.
        """
        rows = {b.name: b.arrays(params) for b in self.biases}
        bias: State = {n: x[0] for n, x in rows.items()}
        bias2: State = {n: x[1] for n, x in rows.items() if len(x) > 1}
        couplings = tuple((term, term.arrays(params)) for term in self.couplings)
        for term, arrays in couplings:
            itself = term.on_itself(arrays)
            if itself is not None:
                own = bias if itself[0] == 1 else bias2
                own[term.groups[0]] = own[term.groups[0]] + itself[1]
        constant = float(self.functions["constant",](*self.tail(params)))
        return Fields(bias, bias2, constant, self.biases, couplings)

    def constant(self, params: Parameters) -> float:
        """What the energy's terms without units add to it, in nats."""
        return float(self.functions["constant",](*self.tail(params))) if self._has_constant else 0.0

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
        the biases. Terms that need the states of several groups are left out where `groups` is
        given without `start`, so that such a call's result is one to start from.
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
        for term, arrays in f.acting_on[name]:
            if groups is not None:
                partner = term.partner(name)
                if partner not in groups if partner is not None else start is None:
                    continue
            term.add_field(arrays, name, state, both)
        return eta

    def fields_by_state(self, f: Fields, name: str, state: State, picked: str) -> Array:
        """η of a group for every state of the one-of-K unit `picked`, given all others: [rows · K,
        size], or [2, rows · K, size].

        `state` holds `picked` at zero.
        """
        k, rows, size = self.sizes[picked], len(state[picked]), self.sizes[name]
        near = [x for x in f.acting_on[name] if picked in x[0].groups]
        base = self.field(f, name, state).reshape(-1, rows, size)
        extra = np.zeros((len(base), k, size), self.dtype)
        every = {picked: np.eye(k, dtype=self.dtype)}
        for term, arrays in near:
            if term.partner(name) == picked:
                term.add_field(arrays, name, every, extra)
        eta = np.stack(
            [tensors.every_pair(b, e, self.plain) for b, e in zip(base, extra, strict=True)]
        )
        for term, arrays in near:
            if term.partner(name) is None:
                term.add_field_by_state(arrays, name, picked, state, eta[0].reshape(rows, k, size))
        return eta if self.plan.group(name).square else eta[0]

    def of_all_ranks(self, count: int) -> int:
        """How many chains there are on all ranks, of which `count` are at hand: it decides how they
        lie in memory, so that the number of ranks does not.
        """
        return count if self.shared_chains is None else self.shared_chains

    def meets(self, name: str) -> bool:
        """Whether a group's units act on one another."""
        g = self.plan.group(name)
        return g.lateral or g.woven or g.expert

    def scratch(self, name: str, rows: int) -> Array:
        """An array for fields that are used up at once; the next call for this group gets the same
        one.
        """
        made = self._scratch.get(name)
        if made is None or made.shape[-2] != rows:
            self._scratch[name] = made = np.empty(self.shape(name, rows), self.dtype)
        return made

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
        first += self.first_chain or 0
        if self.plan.group(name).lateral or self.plan.group(name).woven:
            beta = np.ones(len(state[name]), self.dtype) if beta is None else beta
            self.functions[self._verb("draw", name), name](
                *self.split_fields(name, eta),
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
        self.functions["draw", name](*self.split_fields(name, eta), seen, *key, first, state[name])

    def sweep(
        self, f: Fields, name: str, x: Array, beta: Array, seen: Array, key: Key, steps: int
    ) -> None:
        """Draws a group `steps` times in place in all chains at once, for x [columns of all groups,
        chains] of a model whose terms are all listed.
        """
        assert self.listing is not None
        g = self.plan.group(name)
        bases = (
            f.bias[name],
            *((f.bias2[name],) if g.square else ()),
            *((self.states[name],) if g.states is not None else ()),
        )
        term, arrays = self._listed(f, name)
        self.functions[self._verb("sweep", name), name](
            x,
            self.listing.offset[name],
            *bases,
            beta,
            *self.listing.colours(name),
            *term.near(arrays, name),
            seen,
            *key,
            steps,
            self.first_chain or 0,
        )

    @classmethod
    def incidence(cls, f: Fields, name: str) -> tuple[Array, ...]:
        """A group's listed couplings, unit after unit."""
        found: tuple[Array, ...] = cls._listed(f, name)[1][1][name]
        return found

    @classmethod
    def block(cls, f: Fields, name: str, columns: range) -> tuple[Array, ...]:
        """The couplings of these columns of a group, column after column, as `incidence` has them;
        of a large lattice without a list.
        """
        term, arrays = cls._listed(f, name)
        return term.block(arrays, name, columns)

    @staticmethod
    def _listed(f: Fields, name: str) -> tuple[BoundListed, Arrays]:
        return next((t, x) for t, x in f.acting_on[name] if isinstance(t, BoundListed))

    def _verb(self, verb: str, name: str) -> str:
        """What the function of a group whose units act on one another is for."""
        cells = self.listing is not None and self.listing.are_cells
        return f"{verb}_of_cells" if cells else verb

    def _meeting(self, f: Fields, name: str, state: State) -> tuple[Any, ...]:
        """How a group's units act on one another, as its generated functions take it."""
        return tuple(x for t, arrays in f.acting_on[name] for x in t.meeting(arrays, name, state))

    def settle(self, f: Fields, name: str, eta: Array, state: State, seen: Array) -> Array:
        """One pass of mean field inside a group whose units meet, from its present means, with
        their fields `eta`: the new means.
        """
        inside = {n: x.copy() if n == name else x for n, x in state.items()}
        ones = np.ones(len(inside[name]), self.dtype)
        self.functions[self._verb("settle", name), name](
            *self.split_fields(name, eta), ones, *self._meeting(f, name, inside), seen, inside[name]
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
        inside = None if groups is None else frozenset(groups)
        total = np.full(len(next(iter(state.values()))), -f.constant)
        for term, arrays in f.terms:
            if inside is None or term.within(inside):
                total += term.minus_energy(arrays, state)
        return total

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
        count = len(next(iter(rows.values())))
        w = np.ones(count, self.dtype) if weights is None else np.asarray(weights, self.dtype)
        weighted, into = Weighted(rows, w, self.plain), GradientSum(self, params, out, scale)
        for term in (*self.biases, *self.couplings):
            if own is None or len(set(term.groups)) > 1 or term.groups[0] in own:
                term.add_moment(weighted, into)
        if own is None:
            into.collect(("collect",), float(w.sum()))

    def flat(self, name: str, values: Array) -> Array:
        """[n, *axes] → [n, size] in the program's type, contiguous; a group of one unit may be
        given as [n].
        """
        g = self.plan.group(name)
        axes = tuple(int(a) for a in g.axes)
        x = np.asarray(values, self.dtype)
        return np.ascontiguousarray(x.reshape(len(x), prod(axes)))

    def shaped(self, name: str, x: Array) -> Array:
        """[n, size] → [n, *axes]."""
        return x.reshape(len(x), *(int(a) for a in self.plan.group(name).axes))
