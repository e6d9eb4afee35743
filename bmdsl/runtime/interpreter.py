"""The reference interpreter: what a plan means, in plain bounds-checked Python, one unit and one
term at a time.

Slow and meant to be read. It walks the model's terms letter by letter and never builds a matrix, so
it shares no arithmetic with the generated module; fed the same uniforms it gives the same states to
the last bit wherever the sums themselves are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..kernels.random import TILE
from ..language.letters import is_read_by_edge, place_of, settings, unit_place
from ..language.model import Expert, Model, Term
from ..plan.plan import GroupPlan, Plan
from ..schedule.philox import uniforms

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
        numbers = uniforms(seed, stream, update, step, chain, unit // TILE)
        return float(numbers[unit % TILE])

    return uniform


class Walk:
    """A term with parameters, one setting of its letters at a time."""

    def __init__(self, model: Model, params: Mapping[str, np.ndarray], term: Term) -> None:
        self.model, self.term = model, term
        self._units = [(u.group, unit_place(model, u), u.power) for u in term.units]
        self._entries = []
        for p in term.parameters:
            array = params[p.parameter]
            place = (
                None
                if is_read_by_edge(term, p, array.shape)
                else place_of(p.subscripts, array.shape)
            )
            self._entries.append((p, array, place))

    def settings(self) -> Iterator[tuple[dict[str, int], tuple[int, ...]]]:
        """Every value of the letters that the conditions allow, and the numbers of the edges."""
        return settings(self.model, self.term)

    def weight(self, at: Mapping[str, int], edges: tuple[int, ...]) -> float:
        """coefficient · Π parameters."""
        value = self.term.coefficient
        for p, array, place in self._entries:
            entry = edges[:1] if place is None else place.at(at)
            if entry is None:
                raise IndexError(f"{p.parameter} is read outside its shape")
            for _ in range(p.power):
                value = value * float(array[entry])
        return value

    def factors(self, at: Mapping[str, int]) -> list[tuple[str, tuple[int, ...], int]] | None:
        """(group, place, power) of the units; None where `pad` leaves an axis."""
        out = []
        for group, place, power in self._units:
            found = place.at(at)
            if found is None:
                return None
            out.append((group, found, power))
        return out


class Interpreter:
    """A plan with parameters. States are [rows, *axes]; all arithmetic is float64."""

    def __init__(self, plan: Plan, params: Mapping[str, np.ndarray]) -> None:
        self.plan, self.params = plan, {n: np.asarray(x, np.float64) for n, x in params.items()}

    def walk(self, term: Term) -> Walk:
        """The term with these parameters."""
        return Walk(self.plan.model, self.params, term)

    # ------------------------------------------------------------ the energy, term by term

    def energy(self, state: State, row: int) -> float:
        """E of one row, base measures included, in nats."""
        total = 0.0
        for term in self.plan.model.terms:
            walk = self.walk(term)
            for at, edges in walk.settings():
                units = walk.factors(at)
                if units is not None:
                    value = walk.weight(at, edges)
                    for group, place, power in units:
                        value = value * float(state[group][row][place]) ** power
                    if term.expert is not None:
                        value = value * self.expert(
                            term.expert, at, lambda group, place: float(state[group][row][place])
                        )
                    total = total + value
        for g in self.plan.groups:
            if g.states is None:
                total = total - sum(
                    float(g.unit.log_base(float(x), *g.arguments))
                    for x in state[g.name][row].ravel()
                )
        return total

    def expert(
        self, e: Expert, at: Mapping[str, int], read: Callable[[str, tuple[int, ...]], Any]
    ) -> Any:
        """The function at its projection, for the letters `at` that the term binds; `read` gives a
        unit's value.
        """
        if e.inner is not None:
            return FUNCTIONS[e.function](e.coefficient * self.expert(e.inner, at, read))
        total = 0.0
        for addend in e.addends:
            walk = self.walk(addend)
            for own, _ in walk.settings():
                units = walk.factors({**at, **own})
                if units is not None:
                    value = walk.weight({**at, **own}, ())
                    for group, place, _ in units:
                        value = value * read(group, place)
                    total = total + value
        return FUNCTIONS[e.function](total)

    # ------------------------------------------------------------ conditionals

    def fields(self, group: str, state: State, row: int) -> dict[int, np.ndarray]:
        """power → field on x^power of every unit of `group` given all other units, [*axes]:
        −∂E/∂(statistic).
        """
        g = self.plan.group(group)
        axes = tuple(int(n) for n in g.axes)
        eta = {power: np.zeros(axes) for power in ((1, 2) if g.square else (1,))}
        for term in self.plan.model.terms:
            if all(u.group != group for u in term.units):
                continue
            walk = self.walk(term)
            for at, edges in walk.settings():
                units = walk.factors(at)
                if units is not None:
                    self._spread(g, eta, units, walk.weight(at, edges), state, row)
        return eta

    def _spread(
        self,
        g: GroupPlan,
        eta: dict[int, np.ndarray],
        units: list[tuple[str, tuple[int, ...], int]],
        weight: float,
        state: State,
        row: int,
    ) -> None:
        same = [place for name, place, _ in units if name == g.name]
        if len(same) == 2 and _unit_of(g, same[0]) == _unit_of(
            g, same[1]
        ):  # a unit with itself is a statistic of that unit
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
        """Σ A(η) over the group's units, one after another: `sum` of Python 3.12 and later rounds
        otherwise.
        """
        g = self.plan.group(group)
        eta = self.fields(group, state, row)
        total = 0.0
        for unit in np.ndindex(*_units(g)):
            total += float(g.unit.log_partition(*_of_unit(g, eta, unit), *g.arguments))
        return total

    def draw(
        self,
        group: str,
        state: State,
        row: int,
        uniform: Uniform,
        stream: int,
        update: int,
        step: int,
        seen: np.ndarray | None = None,
    ) -> None:
        """One update of a group in place, unit after unit; `seen` [rows, *axes] holds observed
        values, NaN where free.

        Without lateral terms the units are independent given the rest, so their order does not
        matter.
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

    def sweep(
        self,
        state: State,
        steps: int,
        uniform: Uniform,
        streams: Mapping[str, int],
        update: int,
        seen: State | None = None,
    ) -> None:
        """`steps` Gibbs sweeps of every row in place, block after block of the plan."""
        rows = len(next(iter(state.values())))
        for step in range(steps):
            for block in self.plan.blocks:
                for group in block:
                    for row in range(rows):
                        self.draw(
                            group,
                            state,
                            row,
                            uniform,
                            streams[group],
                            update,
                            step,
                            (seen or {}).get(group),
                        )


def _units(g: GroupPlan) -> tuple[int, ...]:
    return tuple(int(n) for n in (g.axes[:-1] if g.states is not None else g.axes))


def _unit_of(g: GroupPlan, place: tuple[int, ...]) -> tuple[int, ...]:
    return place[:-1] if g.states is not None else place


def _of_unit(g: GroupPlan, eta: dict[int, np.ndarray], unit: tuple[int, ...]) -> tuple[object, ...]:
    if g.states is not None:
        return (eta[1][unit],)
    return tuple(float(eta[power][unit]) for power in sorted(eta))
