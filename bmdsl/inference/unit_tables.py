"""An energy as tables of log weights over single units, one for each set of units that meet: what
sums unit after unit work on.

Each term adds itself, by its couplings one by one or as functions of projections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from ..language.diagnostics import fail
from ..runtime.addends import Addends
from ..runtime.experts import BoundExpert
from ..runtime.program import TAKES, Array, Fields, Program, State

LIMIT = 24.0
"""log2 of the largest table that is made."""


@dataclass(frozen=True)
class Factor:
    """A table of log weights over some variables: axis m is the states of variable `scope[m]`,
    which is ascending.
    """

    scope: tuple[int, ...]
    table: Array


@dataclass(frozen=True)
class Projection:
    """Rows of an expert's projection that read the same free units: −s_j f(c_j + Σ_v matrices[v][j]
    · x_v), summed over j.
    """

    expert: BoundExpert
    scope: tuple[int, ...]
    constants: Array
    strengths: Array
    arguments: tuple[Array, ...]
    """Of each variable of `scope`, what its states add to the arguments: [rows, states]."""

    def table(self) -> Array:
        """One table for all rows, axes as in `scope`."""
        total = np.zeros([x.shape[1] for x in self.arguments])
        for j, strength in enumerate(self.strengths):
            u: Array = np.array(self.constants[j])
            for x in self.arguments:
                u = np.add.outer(u, x[j])
            total -= strength * self.expert.value_and_slope(u)[0]
        return total


class UnitTables:
    """A program's units as variables with finitely many states, and the tables of its energy.

    Groups in `held` are fixed at one row of values, but where that is NaN: such units are free.
    BmError BM801 where a free unit has infinitely many states, or a matrix or a projection joins
    more units than a table can have.
    """

    def __init__(self, program: Program, f: Fields, held: State, what: str) -> None:
        self.program, self.f, self.held, self.what = program, f, held, what
        self.groups = program.plan.groups
        self.first: dict[str, int] = {}
        self.values: list[Array] = []
        """Of each variable, its states' columns: [states, columns]."""
        for g in self.groups:
            self.first[g.name] = len(self.values)
            self.values += self._states(g.name)
        self.states = [len(x) for x in self.values]
        self.column: dict[str, list[tuple[int, int]]] = {
            g.name: [
                (self.first[g.name] + p // program.states[g.name], p % program.states[g.name])
                for p in range(g.size)
            ]
            for g in self.groups
        }
        self.columns = [at for g in self.groups for at in self.column[g.name]]
        """Variable and its column, of each column of all groups side by side."""
        self.constant = 0.0
        self.projections: list[Projection] = []
        self._tables: dict[tuple[int, ...], Array] = {
            (v,): np.zeros(n) for v, n in enumerate(self.states)
        }
        program.verify_takes(TAKES, f"{what}, unit after unit,")
        self._refuse_dense()
        self.constant -= f.constant
        self._add_bases()
        for term, arrays in f.terms:
            term.enter(self, arrays)

    @property
    def scopes(self) -> list[tuple[int, ...]]:
        """Which variables meet, tables that are not made yet included."""
        return [*self._tables, *(p.scope for p in self.projections)]

    def factors(self) -> list[Factor]:
        """One table for each set of variables that meet."""
        for p in self.projections:
            self._tables[p.scope] = self._tables.get(p.scope, 0.0) + p.table()
        self.projections = []
        return [Factor(scope, table) for scope, table in self._tables.items()]

    # ------------------------------------------------------------ variables

    def _states(self, name: str) -> list[Array]:
        g, k = self.program.plan.group(name), self.program.states[name]
        units = g.size // k
        fixed = (
            self.held[name].reshape(units, 1, k)
            if name in self.held
            else np.full((units, 1, k), np.nan)
        )
        free = np.asarray(np.isnan(fixed).reshape(units, -1).any(1))
        support = g.unit.support(k) if g.unit.states is not None else g.unit.support(*g.arguments)
        if support is None and free.any():
            raise fail(
                "BM801",
                f"{self.what} is not exact here: units of `{name}` ({g.unit.name}) have infinitely"
                " many states",
                help="sum such a group out by the free energy, or sample",
            )
        every = (
            None if support is None else np.asarray(support, np.float64).reshape(len(support), k)
        )
        return [fixed[u] if every is None or not free[u] else every for u in range(units)]

    def _free(self, name: str) -> int:
        """How many of a group's units are not held fixed."""
        units = self.program.plan.group(name).size // self.program.states[name]
        return sum(n > 1 for n in self.states[self.first[name] : self.first[name] + units])

    def _refuse_dense(self) -> None:
        """Matrices of many rows and columns have no small table, which need not be found out by
        writing out their entries.
        """
        free = {g.name: self._free(g.name) for g in self.groups}
        least = max((term.joined_units(free) for term, _ in self.f.couplings), default=0)
        if least > 2 * LIMIT:
            raise fail(
                "BM801",
                f"{self.what} is not exact here: matrices of {least} units and more leave no small"
                " table",
                help="a smaller or sparser machine, or sampling",
            )

    # ------------------------------------------------------------ tables, term by term

    def _add(self, scope: Sequence[tuple[int, Array]], weight: float) -> None:
        """weight · Π (statistic of each variable's states); a variable of one state is a number."""
        ordered = sorted(scope, key=lambda x: x[0])
        table: Array = np.array(weight)
        for v, x in ordered:
            table = table * x[0] if self.states[v] == 1 else np.multiply.outer(table, x)
        key = tuple(v for v, _ in ordered if self.states[v] > 1)
        if not key:
            self.constant += float(table)
        elif key in self._tables:
            self._tables[key] = self._tables[key] + table
        else:
            self._tables[key] = table

    def _add_bases(self) -> None:
        for g in self.groups:
            for v in range(
                self.first[g.name], self.first[g.name] + g.size if g.states is None else 0
            ):
                states = self.values[v][:, 0]
                base = [float(g.unit.log_base(float(s), *g.arguments)) for s in states]
                self._tables[(v,)] = self._tables[(v,)] + np.array(base)

    def add_products(self, products: Addends) -> None:
        """Adds products of units' statistics, coupling by coupling."""
        parts = (products.places.tolist(), products.powers.tolist(), products.values.tolist())
        for places, powers, value in zip(*parts, strict=True):
            scope = []
            for place, power in zip(places, powers, strict=True):
                v, i = self.columns[place]
                x = self.values[v][:, i]
                scope.append((v, x if power == 1 else x**power))
            self._add(scope, value)

    def add_experts(self, expert: BoundExpert, arrays: tuple[Array, Array, Array]) -> None:
        """Adds functions of projections, those together that read the same free units."""
        matrix, constant, strength = arrays
        columns = [at for name in expert.groups for at in self.column[name]]
        argument = constant.astype(np.float64)
        fixed = [p for p, (v, _) in enumerate(columns) if self.states[v] == 1]
        for p in fixed:
            v, i = columns[p]
            argument = argument + matrix[:, p] * self.values[v][0, i]
        alike: dict[tuple[int, ...], list[int]] = {}
        for j in range(expert.count):
            read = {columns[p][0] for p in np.flatnonzero(matrix[j])}
            alike.setdefault(tuple(sorted(v for v in read if self.states[v] > 1)), []).append(j)
        for scope, rows in alike.items():
            self._projection(
                expert,
                scope,
                columns,
                matrix[rows],
                argument[rows],
                strength[rows].astype(np.float64),
            )

    def _projection(
        self,
        e: BoundExpert,
        scope: tuple[int, ...],
        columns: list[tuple[int, int]],
        matrix: Array,
        constants: Array,
        strengths: Array,
    ) -> None:
        if not scope:
            self.constant -= float(e.value_and_slope(constants)[0] @ strengths)
            return
        bits = sum(log2(self.states[v]) for v in scope)
        if bits > LIMIT:
            raise fail(
                "BM801",
                f"{self.what} is not exact here: a projection joins {len(scope)} units, a table of"
                f" 2^{bits:.0f} numbers",
                e.term.span,
                note=f"at most 2^{LIMIT:.0f} are made here",
                help="a smaller or sparser machine, or sampling",
            )
        arguments = []
        for v in scope:
            mine = [(p, i) for p, (u, i) in enumerate(columns) if u == v]
            own = matrix[:, [p for p, _ in mine]].astype(np.float64)
            arguments.append(own @ self.values[v][:, [i for _, i in mine]].T)
        self.projections.append(Projection(e, scope, constants, strengths, tuple(arguments)))
