"""The reference interpreter: what a plan means, in plain bounds-checked Python, one unit and one term at a time.

Slow and meant to be read. It walks the model's terms letter by letter and never builds a matrix, so it shares no arithmetic with the
generated module; fed the same uniforms it gives the same states to the last bit wherever the sums themselves are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from ..kernels.random import TILE, fill_uniforms
from ..language.model import Expert, Subscript, Term
from ..plan.plan import GroupPlan, Plan

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "softplus": lambda u: np.logaddexp(0, u),
    "log1p": np.log1p,
    "square": np.square,
    "abs": np.abs,
    "logcosh": lambda u: np.logaddexp(u, -u) - np.log(2),
}
State = dict[str, np.ndarray]
Uniform = Callable[[int, int, int, int, int], float]
"""(stream, update, step, chain, unit) → u in (0, 1)."""


def philox_uniforms(seed: int) -> Uniform:
    """The uniforms that compiled machines draw with this seed."""

    def uniform(stream: int, update: int, step: int, chain: int, unit: int) -> float:
        tile = np.empty(TILE)
        with np.errstate(over="ignore"):
            fill_uniforms(np.uint64(seed), np.uint64(stream), np.uint64(update), np.uint64(step), chain, unit // TILE, tile)
        return float(tile[unit % TILE])

    return uniform


class Interpreter:
    """A plan with parameters. States are [rows, *axes]; all arithmetic is float64."""

    def __init__(self, plan: Plan, params: Mapping[str, np.ndarray]) -> None:
        self.plan, self.params = plan, {n: np.asarray(x, np.float64) for n, x in params.items()}

    # ------------------------------------------------------------ the energy, term by term

    def settings(self, term: Term) -> Iterator[tuple[dict[str, int], int]]:
        """Every value of a term's letters that its conditions allow, and the edge's number (−1 without a graph)."""
        edge = next((c for c in term.conditions if c.kind == "edge"), None)
        free = [x for x in term.letters if edge is None or x.name not in (edge.first, edge.second)]
        pairs: list[tuple[int, dict[str, int]]] = [(-1, {})]
        if edge is not None:
            edges = next(g.edges for g in self.plan.model.graphs if g.name == edge.graph)
            assert edges is not None
            pairs = [(n, {edge.first: int(i), edge.second: int(j)}) for n, (i, j) in enumerate(edges)]
        for number, ends in pairs:
            for values in product(*(range(x.start, int(x.stop)) for x in free)):
                at = ends | dict(zip((x.name for x in free), values, strict=True))
                if all(_holds(c.kind, at[c.first], at[c.second]) for c in term.conditions):
                    yield at, number

    def weight(self, term: Term, at: Mapping[str, int], edge: int) -> float:
        """coefficient · Π parameters at these letters."""
        value = term.coefficient
        for p in term.parameters:
            array = self.params[p.parameter]
            by_edge = edge >= 0 and array.ndim == 1 and len(p.subscripts) == 2
            place: tuple[int, ...] | None = (edge,) if by_edge else _place(p.subscripts, at, array.shape)
            if place is None:
                raise IndexError(f"{p.parameter} is read outside its shape")
            for _ in range(p.power):
                value = value * float(array[place])
        return value

    def factors(self, term: Term, at: Mapping[str, int]) -> list[tuple[str, tuple[int, ...], int]] | None:
        """(group, place, power) of the term's units; None where `pad` leaves an axis."""
        out = []
        for u in term.units:
            axes = tuple(int(n) for n in self.plan.group(u.group).axes)
            place = _place(u.subscripts, at, axes)
            if place is None:
                return None
            out.append((u.group, place, u.power))
        return out

    def energy(self, state: State, row: int) -> float:
        """E of one row, base measures included, in nats."""
        total = 0.0
        for term in self.plan.model.terms:
            for at, edge in self.settings(term):
                units = self.factors(term, at)
                if units is not None:
                    value = self.weight(term, at, edge)
                    for group, place, power in units:
                        value = value * float(state[group][row][place]) ** power
                    if term.expert is not None:
                        value = value * self.expert(term.expert, at, lambda group, place: float(state[group][row][place]))
                    total = total + value
        for g in self.plan.groups:
            if g.states is None:
                total = total - sum(float(g.unit.log_base(float(x), *g.arguments)) for x in state[g.name][row].ravel())
        return total

    def expert(self, e: Expert, at: Mapping[str, int], read: Callable[[str, tuple[int, ...]], Any]) -> Any:
        """The function at its projection, for the letters `at` that the term binds; `read` gives a unit's value, or its values in many states."""
        if e.inner is not None:
            return FUNCTIONS[e.function](e.coefficient * self.expert(e.inner, at, read))
        total = 0.0
        for addend in e.addends:
            for own, _ in self.settings(addend):
                units = self.factors(addend, {**at, **own})
                if units is not None:
                    value = self.weight(addend, {**at, **own}, -1)
                    for group, place, _ in units:
                        value = value * read(group, place)
                    total = total + value
        return FUNCTIONS[e.function](total)

    # ------------------------------------------------------------ conditionals

    def fields(self, group: str, state: State, row: int) -> dict[int, np.ndarray]:
        """power → field on x^power of every unit of `group` given all other units, [*axes]: −∂E/∂(statistic)."""
        g = self.plan.group(group)
        axes = tuple(int(n) for n in g.axes)
        eta = {power: np.zeros(axes) for power in ((1, 2) if g.square else (1,))}
        for term in self.plan.model.terms:
            if all(u.group != group for u in term.units):
                continue
            for at, edge in self.settings(term):
                units = self.factors(term, at)
                if units is not None:
                    self._spread(g, eta, units, self.weight(term, at, edge), state, row)
        return eta

    def _spread(self, g: GroupPlan, eta: dict[int, np.ndarray], units: list[tuple[str, tuple[int, ...], int]], weight: float,
                state: State, row: int) -> None:  # fmt: skip
        same = [place for name, place, _ in units if name == g.name]
        if len(same) == 2 and _unit_of(g, same[0]) == _unit_of(g, same[1]):  # a unit with itself is a statistic of that unit
            power = g.unit.reduces.get(2, 2)
            if power and same[0] == same[1]:
                eta[power][same[0]] -= weight
            return
        for k, (name, place, power) in enumerate(units):
            if name == g.name:
                value = weight
                for m, (other, where, p) in enumerate(units):
                    if m != k:
                        value = value * float(state[other][row][where]) ** p
                eta[power][place] -= value

    def mean(self, group: str, state: State, row: int) -> np.ndarray:
        """E[group | rest] = A′(η), [*axes]."""
        g = self.plan.group(group)
        eta, made = self.fields(group, state, row), np.zeros(tuple(int(n) for n in g.axes))
        for unit in np.ndindex(*_units(g)):
            if g.states is not None:
                g.unit.mean(*_of_unit(g, eta, unit), made[unit], *g.arguments)
            else:
                made[unit] = g.unit.mean(*_of_unit(g, eta, unit), *g.arguments)
        return made

    def log_partition(self, group: str, state: State, row: int) -> float:
        """Σ A(η) over the group's units."""
        g = self.plan.group(group)
        eta = self.fields(group, state, row)
        return sum(float(g.unit.log_partition(*_of_unit(g, eta, unit), *g.arguments)) for unit in np.ndindex(*_units(g)))

    def draw(self, group: str, state: State, row: int, uniform: Uniform, stream: int, update: int, step: int,
             seen: np.ndarray | None = None) -> None:  # fmt: skip
        """One update of a group in place, unit after unit; `seen` [rows, *axes] holds observed values, NaN where free.

        Without lateral terms the units are independent given the rest, so their order does not matter.
        """
        g = self.plan.group(group)
        order = list(np.ndindex(*_units(g)))
        eta = self.fields(group, state, row)
        for number, unit in enumerate(order):
            if g.lateral or g.woven:
                eta = self.fields(group, state, row)
            if seen is not None and not np.isnan(seen[row][unit]).any():
                state[group][row][unit] = seen[row][unit]
                continue
            u = uniform(stream, update, step, row, number)
            if g.states is not None:
                g.unit.sample(*_of_unit(g, eta, unit), u, state[group][row][unit])
            else:
                state[group][row][unit] = g.unit.sample(*_of_unit(g, eta, unit), u, *g.arguments)

    def sweep(self, state: State, steps: int, uniform: Uniform, streams: Mapping[str, int], update: int, seen: State | None = None) -> None:
        """`steps` Gibbs sweeps of every row in place, block after block of the plan."""
        rows = len(next(iter(state.values())))
        for step in range(steps):
            for block in self.plan.blocks:
                for group in block:
                    for row in range(rows):
                        self.draw(group, state, row, uniform, streams[group], update, step, (seen or {}).get(group))


def _holds(kind: str, first: int, second: int) -> bool:
    return {"less": first < second, "unequal": first != second, "edge": True}[kind]


def _place(subscripts: tuple[Subscript, ...], at: Mapping[str, int], axes: tuple[int, ...]) -> tuple[int, ...] | None:
    out = []
    for s, n in zip(subscripts, axes, strict=True):
        value = s.constant + sum(c * at[x] for x, c in s.letters)
        if s.edge == "wrap":
            value %= n
        if not 0 <= value < n:
            if s.edge == "pad":
                return None
            raise IndexError(f"subscript {s} is {value} on an axis of {n}")
        out.append(value)
    return tuple(out)


def _units(g: GroupPlan) -> tuple[int, ...]:
    return tuple(int(n) for n in (g.axes[:-1] if g.states is not None else g.axes))


def _unit_of(g: GroupPlan, place: tuple[int, ...]) -> tuple[int, ...]:
    return place[:-1] if g.states is not None else place


def _of_unit(g: GroupPlan, eta: dict[int, np.ndarray], unit: tuple[int, ...]) -> tuple[object, ...]:
    if g.states is not None:
        return (eta[1][unit],)
    return tuple(float(eta[power][unit]) for power in sorted(eta))
