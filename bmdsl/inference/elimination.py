"""Exact sums over all units of a sparse machine, one unit after another: log Z, means and independent samples.

The cost is that of the largest table, 2^(treewidth + 1) for binary units, not of the number of joint states (Koller & Friedman 2009, chapter 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..graph.elimination import elimination_order
from ..language.diagnostics import fail
from .program import Array, Fields, Program, State

LIMIT = 24.0
"""log2 of the largest table that is made."""


@dataclass(frozen=True)
class Factor:
    """A table of log weights over some variables: axis m is the states of variable `scope[m]`, which is ascending."""

    scope: tuple[int, ...]
    table: Array


@dataclass(frozen=True)
class Bucket:
    """One variable on its way out: the factors it stood in, and the variables of their product, itself last."""

    variable: int
    scope: tuple[int, ...]
    factors: tuple[Factor, ...]

    def product(self, states: Sequence[int]) -> Array:
        """The log of the product, axes as in `scope`."""
        total = np.zeros([states[v] for v in self.scope])
        for f in self.factors:
            at = [self.scope.index(v) for v in f.scope]
            axes = np.argsort(at)
            shape = [1] * len(self.scope)
            for m in at:
                shape[m] = states[self.scope[m]]
            total += f.table.transpose(axes).reshape(shape)
        return total


class Elimination:
    """A program's units as variables with finitely many states. Groups in `held` are fixed at one row of values."""

    def __init__(self, program: Program, f: Fields, held: State, what: str) -> None:
        self.program, self.f, self.held = program, f, held
        self._refuse_dense(what)
        self.first: dict[str, int] = {}
        self.values: list[Array] = []
        """Of each variable, its states' columns: [states, columns]."""
        for g in program.plan.groups:
            self.first[g.name] = len(self.values)
            self.values += self._states(g.name, what)
        self.states = [len(x) for x in self.values]
        self.column: dict[str, list[tuple[int, int]]] = {
            g.name: [(self.first[g.name] + p // program.states[g.name], p % program.states[g.name]) for p in range(g.size)] for g in program.plan.groups
        }
        self.constant = -f.constant
        factors = self._merged()
        order, bits = elimination_order(self.states, [x.scope for x in factors], LIMIT)
        if len(order) < len(self.states):
            raise fail("BM801", f"{what} is not exact here: summing unit after unit needs a table of 2^{bits:.0f} numbers",
                       note=f"at most 2^{LIMIT:.0f} are made here", help="a smaller or sparser machine, or sampling")  # fmt: skip
        self.log_z, self.buckets = self._eliminate(factors, order)

    def _refuse_dense(self, what: str) -> None:
        """Matrices of many rows and columns have no small table, which need not be found out by writing out their entries."""
        units = {g.name: g.size // self.program.states[g.name] for g in self.program.plan.groups}
        least = max([min(units[c.a], units[c.b]) for c in self.program.plan.couplings if c.a not in self.held and c.b not in self.held]
                    + [sorted(units[n] for n in t.groups)[1] for t in self.program.plan.multiway if not set(t.groups) & set(self.held)]
                    + [units[g.name] - 1 for g in self.program.plan.groups if g.lateral and g.name not in self.held], default=0)  # fmt: skip
        if least > 2 * LIMIT:
            raise fail("BM801", f"{what} is not exact here: matrices of {least} units and more leave no small table",
                       help="a smaller or sparser machine, or sampling")  # fmt: skip

    def _states(self, name: str, what: str) -> list[Array]:
        g, k = self.program.plan.group(name), self.program.states[name]
        units = g.size // k
        if name in self.held:
            return [self.held[name].reshape(units, 1, k)[u] for u in range(units)]
        support = g.unit.support(k) if g.unit.states is not None else g.unit.support(*g.arguments)
        if support is None:
            raise fail("BM801", f"{what} is not exact here: units of `{name}` ({g.unit.name}) have infinitely many states",
                       help="sum such a group out by the free energy, or sample")  # fmt: skip
        return [np.asarray(support, np.float64).reshape(len(support), k)] * units

    # ------------------------------------------------------------ factors

    def _merged(self) -> list[Factor]:
        """One factor for each set of units that meet, and one for each unit."""
        tables: dict[tuple[int, ...], Array] = {}

        def add(scope: Sequence[tuple[int, Array]], weight: float) -> None:
            """weight · Π (statistic of each variable's states), the variables ascending."""
            ordered = sorted(scope, key=lambda x: x[0])
            key = tuple(v for v, _ in ordered)
            table: Array = np.array(weight)
            for _, x in ordered:
                table = np.multiply.outer(table, x)
            if key in tables:
                tables[key] = tables[key] + table
            else:
                tables[key] = table

        program, f = self.program, self.f
        for g in program.plan.groups:
            for u in range(g.size // program.states[g.name]):
                v, k = self.first[g.name] + u, program.states[g.name]
                x = self.values[v]
                table = x @ f.bias[g.name][u * k : (u + 1) * k].astype(np.float64)
                if g.square:
                    table = table + x[:, 0] ** 2 * float(f.bias2[g.name][u])
                if g.states is None:
                    table = table + np.array([float(g.unit.log_base(float(s), *g.arguments)) for s in x[:, 0]])
                tables[(v,)] = table
            if g.lateral:
                if g.unit.reduces.get(2, 2) == 0:
                    self.constant += float(np.trace(f.raw[g.name], dtype=np.float64))
                self._matrix(add, g.name, g.name, np.triu(f.lateral[g.name], 1), (1, 1), 1.0)
        for c in program.plan.couplings:
            self._matrix(add, c.a, c.b, f.matrix[c.key], c.powers, f.scale[c.key])
        for term, arrays in f.multiway:
            columns = [self.column[n] for n in term.groups]
            places, values = term.couplings(arrays)
            for row, value in zip(np.transpose(places), values, strict=True):
                ends = [columns[m][p] for m, p in enumerate(row)]
                add([(v, self.values[v][:, i]) for v, i in ends], float(value))
        if program.listing is not None and f.values is not None:
            flat = [at for name in program.listing.offset for at in self.column[name]]
            for part in program.listing.parts:
                for places, number in zip(part.places, part.number, strict=True):
                    if len(places) == 0:
                        self.constant += float(f.values[number])
                    else:
                        add([(flat[p][0], self.values[flat[p][0]][:, flat[p][1]]) for p in places], float(f.values[number]))
        return [Factor(scope, table) for scope, table in tables.items()]

    def _matrix(self, add, a: str, b: str, matrix: Array, powers: tuple[int, int], scale: float) -> None:  # type: ignore[no-untyped-def]  # a local function
        for p, q in zip(*np.nonzero(matrix), strict=True):
            (v, i), (u, j) = self.column[a][p], self.column[b][q]
            if u != v:
                add([(v, self.values[v][:, i] ** powers[0]), (u, self.values[u][:, j] ** powers[1])], float(matrix[p, q]) * scale)

    # ------------------------------------------------------------ sums

    def _eliminate(self, factors: list[Factor], order: list[int]) -> tuple[float, list[Bucket]]:
        place = {v: n for n, v in enumerate(order)}
        waiting: list[list[Factor]] = [[] for _ in order]
        for f in factors:
            waiting[min(place[v] for v in f.scope)].append(f)
        log_z, buckets = self.constant, []
        for n, v in enumerate(order):
            others = sorted({u for f in waiting[n] for u in f.scope} - {v})
            bucket = Bucket(v, (*others, v), tuple(waiting[n]))
            buckets.append(bucket)
            table = bucket.product(self.states)
            top = table.max(-1, keepdims=True)
            summed = np.log(np.exp(table - top).sum(-1)) + top[..., 0]
            if others:
                waiting[min(place[u] for u in others)].append(Factor(tuple(others), summed))
            else:
                log_z += float(summed)
        return log_z, buckets

    def means(self) -> State:
        """E[x] of every group, [size]: from the last variable out to the first, each given those after it."""
        single: dict[int, Array] = {}
        joint: dict[int, tuple[tuple[int, ...], Array]] = {}
        """Variable → (its bucket's scope, the distribution over it)."""
        parent = self._parents()
        for n in range(len(self.buckets) - 1, -1, -1):
            b = self.buckets[n]
            table = b.product(self.states)
            conditional = np.exp(table - table.max(-1, keepdims=True))
            conditional /= conditional.sum(-1, keepdims=True)
            if len(b.scope) > 1:
                scope, p = joint[parent[n]]
                rest = tuple(m for m, v in enumerate(scope) if v not in b.scope)
                kept = [v for v in scope if v in b.scope]
                conditional *= p.sum(axis=rest).transpose([kept.index(v) for v in b.scope[:-1]])[..., None]
            joint[n] = b.scope, conditional
            single[b.variable] = conditional.sum(axis=tuple(range(conditional.ndim - 1)))
        out = {}
        for g in self.program.plan.groups:
            units = range(self.first[g.name], self.first[g.name] + g.size // self.program.states[g.name])
            out[g.name] = np.concatenate([single[v] @ self.values[v] for v in units])
        return out

    def _parents(self) -> list[int]:
        """The bucket that each bucket's sum went to; itself where that was a number."""
        place = {b.variable: n for n, b in enumerate(self.buckets)}
        return [min((place[v] for v in b.scope[:-1]), default=n) for n, b in enumerate(self.buckets)]

    def sample(self, count: int, generator: np.random.Generator) -> State:
        """Independent draws of all units: group → [count, size]."""
        drawn = np.zeros((len(self.states), count), np.int64)
        for b in reversed(self.buckets):
            table = b.product(self.states)[tuple(drawn[v] for v in b.scope[:-1])]
            p = np.exp(table - table.max(-1, keepdims=True)).reshape(-1, self.states[b.variable])
            total = np.cumsum(p, axis=1)
            u = generator.random(count) * np.broadcast_to(total[:, -1], count)
            drawn[b.variable] = np.minimum((u[:, None] >= total).sum(1), self.states[b.variable] - 1)
        out = {}
        for g in self.program.plan.groups:
            units = range(self.first[g.name], self.first[g.name] + g.size // self.program.states[g.name])
            out[g.name] = np.hstack([self.values[v][drawn[v]] for v in units])
        return out
