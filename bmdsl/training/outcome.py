"""What a training did: counts, scores, metrics, and how it ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..registry import Shown
from .machine_protocol import Array, Machine


@dataclass(repr=False)
class Run(Shown):
    """What training did.

    The machine holds the parameters: the best ones where early stopping watched, else the last.
    """

    machine: Machine
    out: Path | None
    updates: int = 0
    stopped: str = "done"
    """`done`, `patience`, `callback` (one asked for it), `interrupted`, or `failed`: an exception
    ended it.
    """
    signal: int = signal.SIGINT
    """The signal that interrupted."""
    best_score: float | None = None
    best_update: int | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    chains: dict[str, Array] = field(default_factory=dict)
    """The persistent chains' last states, [chains, size] a group; empty where the negative phase
    keeps none.
    """
    images: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Group → the shape that its cases have as pictures, for those that are some."""
    notes: list[str] = field(default_factory=list)
    """What figures rest on where cases have missing values."""

    told: Callable[[], list[tuple[str, ...]]] | None = field(default=None, compare=False)
    """Names and values of what `summary` says; set by who knows the data."""

    doubted: Callable[[], str] | None = field(default=None, compare=False)
    """What `doubt` says; set by who knows the data."""

    @property
    def doubt(self) -> str:
        """One sentence if independent units or one Gaussian describe the training cases better than
        the machine; else empty, as where its likelihood is not exact.
        """
        return "" if self.doubted is None else self.doubted()

    @property
    def health(self) -> str:
        """What the monitors minded when they last looked, or `healthy`; empty where none has
        looked.
        """
        return next((str(m["health"]) for m in reversed(self.metrics) if m.get("health")), "")

    def summary(self) -> str:
        """What `bm train` prints at its end, of the machine as it is now: health, figures, and
        simple models of the same cases.
        """
        rows = self.told() if self.told is not None else [("health", self.health)]
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{name:{width}}  {value}".rstrip() for name, value, *_ in rows)

    def __repr__(self) -> str:
        """`Run of rbm: 20 epochs, 2,000 updates, done; healthy`."""
        health = f"; {self.health}" if self.health else ""
        return f"Run of {self.machine.model.name}: {self.course}{health}"

    @property
    def course(self) -> str:
        """`20 epochs, 2,000 updates, done`."""
        epochs = self.metrics[-1]["epoch"] if self.metrics else 0
        return f"{epochs:,} epochs, {self.updates:,} updates, {self.stopped}"

    @property
    def interrupted(self) -> bool:
        return self.stopped == "interrupted"

    @property
    def exit_code(self) -> int:
        """0, or 128 and the signal's number: what a process that trained ends with."""
        return 128 + self.signal if self.interrupted else 0
