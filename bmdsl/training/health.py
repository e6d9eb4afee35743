"""Is this training well? All monitors look at it from time to time; what they measure goes to the
metrics, what they mind into one line.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..inference.bound import lower_bound, minus_free_energy
from ..inference.enumeration import summed_at_once
from ..inference.phases import Phases
from ..language.diagnostics import BmWarning, Diagnostic
from ..language.model import Training
from ..registry import discover
from ..runtime.program import Rows
from .batch import Expectation
from .budget import Budget
from .machine_protocol import Array, Machine, State

WELL = "healthy"
FIGURES = "figures"
"""The account of all monitors that say nothing of their cost; one that does, by `updates(machine,
training)`, has its own.
"""


@dataclass(frozen=True)
class Look:
    """What a monitor sees: the machine, some training cases and validation cases without missing
    values, the last update's phases and chains.

    What several monitors want of these cases is computed once, for the parameters as they are when
    it is first asked for.
    """

    machine: Phases
    training: Training
    watched: State
    held: State | None
    positive: Expectation | None
    negative: Expectation | None
    chains: Mapping[str, Array]
    """All that the negative phase keeps."""
    epoch: int
    per_epoch: int
    """Updates of an epoch."""
    weights: Array | None = None
    """Those of the training cases; None: all the same."""
    held_weights: Array | None = None

    @cached_property
    def summed(self) -> bool:
        """Whether hidden units can be summed out of all cases at once."""
        return summed_at_once(self.machine.program, self.machine.hidden)

    @cached_property
    def posterior(self) -> tuple[Rows, Array]:
        """Rows of the watched cases with hidden means, and weights that sum to 1 a case: exact if
        `summed`, else mean field's.
        """
        if self.summed:
            return self.machine.posterior_rows(self.watched)
        rows, _ = self.machine.mean_field(self.watched, 30, 1e-4, 0.0)
        return rows, np.ones(len(next(iter(self.watched.values()))))

    @cached_property
    def minus_free_energy(self) -> Array:
        """−F(v) of the watched cases, [cases], in nats: exact if `summed`, else mean
        field's bound.
        """
        if self.summed:
            return minus_free_energy(self.machine, self.watched)
        return lower_bound(self.machine, self.posterior[0], self.watched)

    @cached_property
    def held_minus_free_energy(self) -> Array:
        """−F(v) of the validation cases, if there are any: [cases], in nats, or its bound."""
        assert self.held is not None
        return minus_free_energy(self.machine, self.held)


@dataclass(frozen=True)
class Finding:
    """Figures for the metrics; `minds`, one plain sentence, where something is wrong; `warning`
    where it must not be overlooked.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    minds: str = ""
    warning: Diagnostic | None = None


class Health:
    """Every monitor with what it remembers.

    A machine that is none of ours, as a test's, is not looked at.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine if isinstance(machine, Phases) else None
        self.monitors: Mapping[str, Any] = (
            discover("bmdsl.training.monitors") if self.machine is not None else {}
        )
        self.memory: dict[str, dict[str, Any]] = {name: {} for name in self.monitors}
        self.line = ""
        self._told: set[str] = set()

    def follow(self, gradient: Mapping[str, Array]) -> None:
        """After every update's gradient, before the step uses it up."""
        for name, module in self.monitors.items():
            if hasattr(module, "follow"):
                module.follow(gradient, self.memory[name])

    def memories(self) -> dict[str, Any]:
        """All that monitors remember, what they mind, and which warnings were told."""
        return {"memory": self.memory, "line": self.line, "told": sorted(self._told)}

    def remember(self, memories: Mapping[str, Any]) -> None:
        """Puts back what `memories` gave; a monitor that it does not know starts anew."""
        before = memories.get("memory", {})
        self.memory = {name: dict(before.get(name, {})) for name in self.monitors}
        self.line, self._told = str(memories.get("line", "")), set(memories.get("told", ()))

    def places(self, parameters: Mapping[str, Array]) -> Mapping[str, Array] | None:
        """Parameter → entries of its gradient that a monitor follows; None if a monitor follows
        whole gradients.
        """
        following = [m for m in self.monitors.values() if hasattr(m, "follow")]
        if any(not hasattr(m, "places") for m in following) or len(following) > 1:
            return None
        return {} if not following else following[0].places(parameters)

    def collect(self, sums: Mapping[str, Array], count: int) -> None:
        """What was followed over `count` updates, given to the monitor that wants it and clears
        it.
        """
        for name, module in self.monitors.items():
            if hasattr(module, "collect") and sums:
                module.collect(sums, count, self.memory[name])

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """Names of the accounts that looks go on: that of all figures, and one of every monitor
        that tells its cost.
        """
        return (
            FIGURES,
            *(name for name, module in self.monitors.items() if hasattr(module, "updates")),
        )

    def epoch(
        self,
        training: Training,
        cases: tuple[State, State | None],
        phases: tuple[Expectation, Expectation] | None,
        chains: Mapping[str, Array],
        epoch: int,
        per_epoch: int,
        weights: tuple[Array | None, Array | None] = (None, None),
        *,
        budget: Budget | None = None,
        updates: int = 0,
        last: bool = False,
    ) -> dict[str, Any]:
        """Figures of all monitors, and `health`: what they mind.

        `cases`: training and validation cases, `weights` theirs. Warnings are told once each.

        With a `budget`, monitors with an account of their own look if it affords that after
        `updates` updates, the others always.
        """
        if self.machine is None or not len(next(iter(cases[0].values()))):
            return {}
        program = self.machine.program
        watched, held = (
            (
                {n: program.flat(n, x) for n, x in c.items()}
                if c and len(next(iter(c.values())))
                else None
            )
            for c in cases
        )
        assert watched is not None
        positive, negative = phases or (None, None)
        look = Look(
            self.machine,
            training,
            watched,
            held,
            positive,
            negative,
            chains,
            epoch,
            per_epoch,
            *weights,
        )
        out: dict[str, Any] = {}
        minded = []
        with self.machine.frozen():
            for name, module in self.monitors.items():
                if budget is None or name not in self.accounts:
                    found: Finding = module.look(look, self.memory[name])
                elif budget.affords(name, updates, module.updates(self.machine, training), last):
                    with budget.spending(name):
                        found = module.look(look, self.memory[name])
                else:
                    continue
                out |= {n: float(x) for n, x in found.figures.items()}
                if found.minds:
                    minded.append(found.minds)
                if found.warning is not None and found.warning.code not in self._told:
                    self._told.add(found.warning.code)
                    warnings.warn(BmWarning(found.warning), stacklevel=2)
        self.line = "; ".join(minded) or WELL
        return {**out, "health": self.line}
