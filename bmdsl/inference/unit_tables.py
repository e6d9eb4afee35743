"""An energy as tables of log weights over single units, one for each set of units that meet: what
sums unit after unit work on.

The walk goes over the kinds of contribution that the plan has, each by its own method: a kind
without one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import ClassVar

import numpy as np

from ..language.diagnostics import fail
from ..plan.term_kinds import Kind
from ..runtime.experts import BoundExpert
from ..runtime.multiway import ContractedTerm, Multiway, TensorTerm
from ..runtime.program import Array, Fields, Program, State

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
        self.constant = 0.0
        self.projections: list[Projection] = []
        self._tables: dict[tuple[int, ...], Array] = {
            (v,): np.zeros(n) for v, n in enumerate(self.states)
        }
        program.verify_takes(self.WALK.keys(), f"{what}, unit after unit,")
        self._refuse_dense()
        for kind in sorted(program.kinds, key=list(Kind).index):
            self.WALK[kind](self)

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
        plan = self.program.plan
        free = {g.name: self._free(g.name) for g in plan.groups}
        joined = [(c.a, c.b) for c in plan.couplings] + [t.groups for t in plan.multiway]
        least = max(
            [sorted(free[n] for n in names)[-2] for names in joined]
            + [free[g.name] - 1 for g in plan.groups if g.lateral],
            default=0,
        )
        if least > 2 * LIMIT:
            raise fail(
                "BM801",
                f"{self.what} is not exact here: matrices of {least} units and more leave no small"
                " table",
                help="a smaller or sparser machine, or sampling",
            )

    # ------------------------------------------------------------ tables, kind by kind

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

    def _units(self) -> Iterator[tuple[str, int, int, Array]]:
        """Group, number of the unit in it, variable and states of every unit."""
        for g in self.groups:
            for u in range(g.size // self.program.states[g.name]):
                v = self.first[g.name] + u
                yield g.name, u, v, self.values[v]

    def _constants(self) -> None:
        self.constant -= self.f.constant

    def _bases(self) -> None:
        for name, _, v, x in self._units():
            g = self.program.plan.group(name)
            if g.states is None:
                base = [float(g.unit.log_base(float(s), *g.arguments)) for s in x[:, 0]]
                self._tables[(v,)] = self._tables[(v,)] + np.array(base)

    def _biases(self) -> None:
        for name, u, v, x in self._units():
            k = self.program.states[name]
            field = self.f.bias[name][u * k : (u + 1) * k].astype(np.float64)
            self._tables[(v,)] = self._tables[(v,)] + x @ field

    def _squares(self) -> None:
        for name, u, v, x in self._units():
            if self.program.plan.group(name).square:
                self._tables[(v,)] = self._tables[(v,)] + x[:, 0] ** 2 * float(
                    self.f.bias2[name][u]
                )

    def _laterals(self) -> None:
        for g in self.groups:
            if g.lateral:
                if g.unit.reduces.get(2, 2) == 0:
                    self.constant += float(np.trace(self.f.raw[g.name], dtype=np.float64))
                self._matrix(g.name, g.name, np.triu(self.f.lateral[g.name], 1), (1, 1), 1.0)

    def _couplings(self) -> None:
        for c in self.program.plan.couplings:
            if c.powers == (1, 1):
                self._matrix(c.a, c.b, self.f.matrix[c.key], c.powers, self.f.scale[c.key])

    def _squared_couplings(self) -> None:
        for c in self.program.plan.couplings:
            if c.powers != (1, 1):
                self._matrix(c.a, c.b, self.f.matrix[c.key], c.powers, self.f.scale[c.key])

    def _matrix(self, a: str, b: str, matrix: Array, powers: tuple[int, int], scale: float) -> None:
        for p, q in zip(*np.nonzero(matrix), strict=True):
            (v, i), (u, j) = self.column[a][p], self.column[b][q]
            if u != v:
                self._add(
                    [
                        (v, self.values[v][:, i] ** powers[0]),
                        (u, self.values[u][:, j] ** powers[1]),
                    ],
                    float(matrix[p, q]) * scale,
                )

    def _several(self, kind: type[Multiway]) -> None:
        for term, arrays in self.f.multiway:
            if isinstance(term, kind):
                columns = [self.column[n] for n in term.groups]
                places, values = term.couplings(arrays)
                for row, value in zip(np.transpose(places), values, strict=True):
                    ends = [columns[m][p] for m, p in enumerate(row)]
                    self._add([(v, self.values[v][:, i]) for v, i in ends], float(value))

    def _tensors(self) -> None:
        self._several(TensorTerm)

    def _contractions(self) -> None:
        self._several(ContractedTerm)

    def _listed(self) -> None:
        listing, values = self.program.listing, self.f.values
        assert listing is not None and values is not None
        flat = [at for name in listing.offset for at in self.column[name]]
        for part in listing.parts:
            for places, number in zip(part.places, part.number, strict=True):
                ends = [flat[p] for p in places]
                self._add([(v, self.values[v][:, i]) for v, i in ends], float(values[number]))

    def _experts(self) -> None:
        for e, (matrix, constant, strength) in self.f.experts:
            columns = [at for name in e.groups for at in self.column[name]]
            argument = constant.astype(np.float64)
            fixed = [p for p, (v, _) in enumerate(columns) if self.states[v] == 1]
            for p in fixed:
                v, i = columns[p]
                argument = argument + matrix[:, p] * self.values[v][0, i]
            alike: dict[tuple[int, ...], list[int]] = {}
            for j in range(e.count):
                read = {columns[p][0] for p in np.flatnonzero(matrix[j])}
                alike.setdefault(tuple(sorted(v for v in read if self.states[v] > 1)), []).append(j)
            for scope, rows in alike.items():
                self._projection(
                    e,
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

    WALK: ClassVar[dict[Kind, Callable[[UnitTables], None]]] = {
        Kind.CONSTANT: _constants,
        Kind.BASE: _bases,
        Kind.BIAS: _biases,
        Kind.SQUARE: _squares,
        Kind.COUPLING: _couplings,
        Kind.SQUARED_COUPLING: _squared_couplings,
        Kind.LATERAL: _laterals,
        Kind.LISTED: _listed,
        Kind.TENSOR: _tensors,
        Kind.CONTRACTION: _contractions,
        Kind.EXPERT: _experts,
    }
    """How each kind enters the tables: the kinds that a sum unit after unit takes."""
