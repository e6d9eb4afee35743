"""Is this training well? After every epoch all monitors look; what they measure goes to the metrics, what they mind into one line."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from ..inference.phases import Phases
from ..language.diagnostics import BmWarning, Diagnostic
from ..language.model import Training
from ..registry import discover
from .batch import Expectation
from .machine_protocol import Array, Machine, State

WELL = "healthy"
APART = 50
"""Updates between two looks at least: of a small machine on few cases a look takes longer than an epoch."""


@dataclass(frozen=True)
class Look:
    """What a monitor sees: the machine, some training cases and validation cases without missing values, the last update's phases and chains."""

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


@dataclass(frozen=True)
class Finding:
    """Figures for the metrics; `minds`, one plain sentence, where something is wrong; `warning` where it must not be overlooked."""

    figures: Mapping[str, float] = field(default_factory=dict)
    minds: str = ""
    warning: Diagnostic | None = None


class Health:
    """Every monitor with what it remembers. A machine that is none of ours, as a test's, is not looked at."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine if isinstance(machine, Phases) else None
        self.monitors: Mapping[str, Any] = discover("bmdsl.training.monitors") if self.machine is not None else {}
        self.memory: dict[str, dict[str, Any]] = {name: {} for name in self.monitors}
        self.line = ""
        self._told: set[str] = set()

    def follow(self, gradient: Mapping[str, Array]) -> None:
        """After every update's gradient, before the step uses it up."""
        for name, module in self.monitors.items():
            if hasattr(module, "follow"):
                module.follow(gradient, self.memory[name])

    def epoch(self, training: Training, cases: tuple[State, State | None], phases: tuple[Expectation, Expectation] | None, chains: Mapping[str, Array],
              epoch: int, per_epoch: int, weights: tuple[Array | None, Array | None] = (None, None)) -> dict[str, Any]:  # fmt: skip
        """Figures of all monitors, and `health`: what they mind. `cases`: training and validation cases, `weights` theirs. Warnings are told once each.

        Small epochs are looked at once in several, and the last one always.
        """
        done, every = epoch + 1, ceil(APART / per_epoch)
        if self.machine is None or not len(next(iter(cases[0].values()))) or (done % every and done != training.epochs):
            return {}
        program = self.machine.program
        watched, held = ({n: program.flat(n, x) for n, x in c.items()} if c and len(next(iter(c.values()))) else None for c in cases)
        assert watched is not None
        positive, negative = phases or (None, None)
        look = Look(self.machine, training, watched, held, positive, negative, chains, epoch, per_epoch, *weights)
        out: dict[str, Any] = {}
        minded = []
        with self.machine.frozen():
            for name, module in self.monitors.items():
                found: Finding = module.look(look, self.memory[name])
                out |= {n: float(x) for n, x in found.figures.items()}
                if found.minds:
                    minded.append(found.minds)
                if found.warning is not None and found.warning.code not in self._told:
                    self._told.add(found.warning.code)
                    warnings.warn(BmWarning(found.warning), stacklevel=2)
        self.line = "; ".join(minded) or WELL
        return {**out, "health": self.line}
