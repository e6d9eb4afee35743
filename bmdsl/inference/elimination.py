"""Exact sums over all units of a sparse machine, one unit after another: log Z, means and
independent samples.

The cost is that of the largest table, 2^(treewidth + 1) for binary units, not of the number of
joint states (Koller & Friedman 2009, chapter 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..graph.elimination import elimination_order
from ..language.diagnostics import fail
from ..runtime.program import Array, Fields, Program, State
from .lattice_width import least_units
from .unit_tables import LIMIT, Factor, UnitTables


@dataclass(frozen=True)
class Bucket:
    """One variable on its way out: the factors it stood in, and the variables of their product,
    itself last.
    """

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


def _refuse_wide(bits: float, what: str) -> None:
    """Raises BM801 if a table of 2^bits numbers is too large."""
    if bits > LIMIT:
        raise fail(
            "BM801",
            f"{what} is not exact here: summing unit after unit needs a table of 2^{bits:.0f}"
            " numbers or more",
            note=f"at most 2^{LIMIT:.0f} are made here",
            help="a smaller or sparser machine, or sampling",
        )


class Elimination:
    """A program's units as variables with finitely many states.

    Groups in `held` are fixed at one row of values, but where that is NaN.
    """

    def __init__(self, program: Program, f: Fields, held: State, what: str) -> None:
        _refuse_wide(least_units(program, held), what)
        made = UnitTables(program, f, held, what)
        self.program, self.first, self.values, self.states, self.constant = (
            program,
            made.first,
            made.values,
            made.states,
            made.constant,
        )
        order, bits = elimination_order(self.states, made.scopes, LIMIT)
        if len(order) < len(self.states):
            _refuse_wide(bits, what)
        self.log_z, self.buckets = self._eliminate(made.factors(), order)

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
        """E[x] of every group, [size]: from the last variable out to the first, each given those
        after it.
        """
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
                conditional *= p.sum(axis=rest).transpose([kept.index(v) for v in b.scope[:-1]])[
                    ..., None
                ]
            joint[n] = b.scope, conditional
            single[b.variable] = conditional.sum(axis=tuple(range(conditional.ndim - 1)))
        out = {}
        for g in self.program.plan.groups:
            units = range(
                self.first[g.name], self.first[g.name] + g.size // self.program.states[g.name]
            )
            out[g.name] = np.concatenate([single[v] @ self.values[v] for v in units])
        return out

    def _parents(self) -> list[int]:
        """The bucket that each bucket's sum went to; itself where that was a number."""
        place = {b.variable: n for n, b in enumerate(self.buckets)}
        return [
            min((place[v] for v in b.scope[:-1]), default=n) for n, b in enumerate(self.buckets)
        ]

    def sample(self, count: int, generator: np.random.Generator) -> State:
        """Independent draws of all units: group → [count, size]."""
        drawn = np.zeros((len(self.states), count), np.int64)
        for b in reversed(self.buckets):
            table = b.product(self.states)[tuple(drawn[v] for v in b.scope[:-1])]
            p = np.exp(table - table.max(-1, keepdims=True)).reshape(-1, self.states[b.variable])
            total = np.cumsum(p, axis=1)
            u = generator.random(count) * np.broadcast_to(total[:, -1], count)
            drawn[b.variable] = np.minimum(
                (u[:, None] >= total).sum(1), self.states[b.variable] - 1
            )
        out = {}
        for g in self.program.plan.groups:
            units = range(
                self.first[g.name], self.first[g.name] + g.size // self.program.states[g.name]
            )
            out[g.name] = np.hstack([self.values[v][drawn[v]] for v in units])
        return out
