"""A machine with its derivation, states to evaluate it at, and sums over all states."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from bmdsl.report.derivation import derivation
from bmdsl.report.derivation import expression as x
from bmdsl.report.derivation.text import Text
from tests.report.evaluate import Evaluator
from tests.report.states import joint_nodes, unit_nodes

Array = np.ndarray
ENTRIES = 8
"""Places at which an equation with letters is evaluated, at most."""
CASES = 3


class Cases:
    """A derivation and cases to evaluate it at. `checked` counts comparisons by kind."""

    def __init__(
        self, machine: Machine, seed: int = 0, sections: list[x.Section] | None = None
    ) -> None:
        self.machine, self.plan = machine, machine.program.plan
        self.rng = np.random.default_rng(seed)
        self.sections = derivation(self.plan) if sections is None else sections
        self.equations = [e for s in self.sections for e in s.lines if isinstance(e, x.Equation)]
        self.checked: Counter[str] = Counter()
        model = machine.model
        self.names = {
            role: tuple(g.name for g in model.groups if g.role == role)
            for role in ("visible", "hidden", "given")
        }
        self.free = tuple(g.name for g in model.groups if g.role != "given")
        self.states = {
            g.name: np.stack([self.draw(g.name) for _ in range(CASES)]) for g in model.groups
        }
        definitions = {
            (e.left.kind, e.left.group): e for e in self.equations if isinstance(e.left, x.Quantity)
        }
        definitions["E", ""] = next(
            e for e in self.equations if isinstance(e.left, x.Symbol) and e.left.name == "E"
        )
        arguments = {a.name: float(a.value) for a in model.arguments if a.value is not None}
        self.about = max([1e-6, *(3 * g.unit.draws_within for g in self.plan.groups)])
        """How far sums over states may be from what A gives: further where a type's A only
        approximates it.
        """
        self.evaluator = Evaluator(
            self.plan,
            machine.params,
            arguments,
            self.states,
            definitions,
            nodes=lambda g: joint_nodes(self.plan, g),
        )

    def draw(self, name: str) -> Array:
        """A state of a group, from its domain."""
        g = self.plan.group(name)
        axes = tuple(int(n) for n in g.axes)
        per = int(g.states) if g.states is not None else 1
        states, _ = unit_nodes(g.unit, g.arguments, per if g.states is not None else None, 1.5)
        few = states[: 6 if g.unit.name in ("poisson", "nrelu") else len(states)]
        return few[self.rng.integers(0, len(few), math.prod(axes) // per)].reshape(axes)

    def places(self, e: x.Equation) -> Iterator[dict[str, int]]:
        """Values of an equation's letters: all of them, or some."""
        every = list(self.evaluator.values(e.letters, e.where, {}))
        yield from (
            every
            if len(every) <= ENTRIES
            else [every[k] for k in self.rng.choice(len(every), ENTRIES, replace=False)]
        )

    def close(self, e: x.Equation, found: object, wanted: object, tolerance: float = 1e-8) -> None:
        """Fails with the equation where two values differ."""
        a, b = np.broadcast_arrays(np.asarray(found, float), np.asarray(wanted, float))
        if any(g.unit.name == "exponential" for g in self.plan.groups):  # 0/0 at η = 0: its limit
            a = np.where(np.isnan(a), b, a)
        assert np.allclose(a, b, rtol=tolerance, atol=tolerance), (
            f"{Text().equation(e)}: is {a}, should be {b}"
        )
        self.checked[type(e.left).__name__] += 1

    def based(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.plan.groups if g.unit.has_base())

    def log_base(self, name: str, states: Array) -> Array:
        """log base measure of a group's states."""
        g = self.plan.group(name)
        if not g.unit.has_base() or g.unit.components is not None:
            return np.zeros(len(states))
        return np.array(
            [sum(g.unit.log_base(float(v), *g.arguments) for v in row.ravel()) for row in states]
        )

    def numbers(self, name: str) -> Array:
        """A few states of one unit."""
        g = self.plan.group(name)
        states, _ = unit_nodes(
            g.unit, g.arguments, int(g.states) if g.states is not None else None, 1.5
        )
        return states[np.unique(np.linspace(0, min(len(states), 12) - 1, 4).astype(int))]

    def at_unit(self, name: str, site: tuple[int, ...], value: Array) -> dict[str, Array]:
        """The cases with one unit set."""
        changed = self.states[name].copy()
        changed[(slice(None), *site)] = value
        return {**self.states, name: changed}

    def seen(self) -> dict[str, Array]:
        return {n: self.states[n] for n in (*self.names["visible"], *self.names["given"])}

    def log_weights(self, groups: tuple[str, ...], case: int) -> tuple[dict[str, Array], Array]:
        """All states of groups beside one case of the rest that are not among them, and log of
        their weights times e^−E.
        """
        some, weights = joint_nodes(self.plan, groups)
        fixed = {
            n: np.repeat(v[case : case + 1], len(weights), 0)
            for n, v in self.states.items()
            if n not in groups
        }
        rows = {**fixed, **some}
        return rows, np.log(weights) - self.energy(rows)

    def energy(self, rows: dict[str, Array]) -> Array:
        """E at many states, by the equation that is held against the machine at a few."""
        count = len(next(iter(rows.values())))
        return np.broadcast_to(
            replace(self.evaluator, states=rows).of(
                self.evaluator.definitions["E", ""].rights[0], {}
            ),
            (count,),
        )

    @cached_property
    def own_gradient(self) -> dict[str, Array] | None:
        """The machine's gradient of the first case; None where it has none."""
        try:
            joint_nodes(self.plan, self.free, 1 << 10)
            return self.machine.gradient({n: v[:1] for n, v in self.seen().items()})
        except (BmError, OverflowError):
            return None

    def each_case(self, evaluator: Evaluator, node: object, at: dict[str, int]) -> Array:
        """A tree case by case, since letters may run up to a unit's value."""
        out = []
        for n in range(CASES):
            value = replace(
                evaluator, states={k: v[n : n + 1] for k, v in evaluator.states.items()}
            ).of(node, at)
            out.append(float(np.asarray(value).ravel()[0]))
        return np.array(out)
