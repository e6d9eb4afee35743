"""What is done at the end of an epoch: scores and looks of monitors, each within its budget, the
line of metrics, copies and checkpoints.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ranks.interface import Alone
from ..ranks.world import standing_as
from ..runtime.interrupts import Stopped
from .budget import Budget
from .callbacks import Hooks, Moment
from .cases import Cases
from .health import FIGURES
from .in_step import InStep
from .keeping import Kept
from .machine_protocol import Machine
from .validation import is_likelihood, reconstruction_error, score

MIN_UPDATES_BETWEEN_COPIES = 50
"""Counted, not timed: what a training that diverges goes back to must not depend on the clock."""


class EpochEnds(Kept, InStep):
    """The part of a training's loop that looks at what an epoch has made."""

    machine: Machine
    hooks: Hooks
    by_epoch: bool
    """Whether a callback is called at the end of every epoch."""
    halted: bool
    """Whether a callback wants no more updates."""
    budget: Budget
    first: int
    """The updates that this call of `train` began with."""
    per_epoch: int
    watched: Cases
    """Training cases that monitors look at."""
    held_watched: Cases | None
    """Held-out cases that monitors look at."""
    judged: Cases | None
    """Held-out cases that are scored."""
    scored_every: int
    """Epochs from one score to the next."""

    def _epoch_done(self, epoch: int, at_once: bool = False) -> None:
        """What is done at the end of an epoch; its line of metrics alone if later updates were
        carried out `at_once` with it.
        """
        run = self.run_
        if self.compiled is not None:
            self.compiled.collect_usage()
        line: dict[str, Any] = {
            "epoch": epoch + 1,
            "update": run.updates,
            "seconds": round(self._seconds(), 3),
            **self.figures.means(),
            **self.recipe.usage.epoch(),
        }
        if self.judged is not None and (
            (epoch + 1) % self.scored_every == 0 or run.updates == self.total
        ):
            with self._at_once():
                line["validation"] = self._score(self.judged)
        if at_once:
            self._tell(line)
            return
        last = run.updates == self.total or self.halted or self._out_of_patience()
        if last or self.ranks.first(self.budget.affords(FIGURES)):
            with self._at_once():
                line |= self._look(epoch, last)
        self._tell(line)
        copied = last or run.updates - self.good.counters["updates"] >= MIN_UPDATES_BETWEEN_COPIES
        if copied:
            self._keep()
        due = copied if self.on_disk else time.monotonic() >= self.checkpoint_due
        if not last and self.ranks.first(due):
            self._checkpoint()
        elif not last and "validation" in line:
            self._write_state(validated=True)
        if self.by_epoch:
            try:
                self.halted |= self._asked(lambda: self.hooks.epoch(self._moment(line)))
            except KeyboardInterrupt as stop:  # the epoch is whole
                raise Stopped(
                    stop.number if isinstance(stop, Stopped) else signal.SIGINT, whole=True
                ) from stop

    def _tell(self, line: dict[str, Any]) -> None:
        self.run_.metrics.append(line)
        if self.folder is not None:
            self.folder.append_metrics(line)

    def _score(self, judged: Cases) -> float:
        """The validation score; the best parameters and how many scores have missed them follow it.

        FloatingPointError if it is not finite.
        """
        run = self.run_
        value = self.ranks.first(score(self.machine, judged, self.training))
        if not np.isfinite(value):
            raise FloatingPointError("the validation score is not finite")
        if run.best_score is None or value < run.best_score:
            run.best_score, run.best_update, self.misses = value, run.updates, 0
            self.best = {n: x.copy() for n, x in self.machine.params.items()}
        else:
            self.misses += 1
        return value

    def _keeps_best(self) -> bool:
        """Whether the machine ends with the parameters of the best score.

        Reconstructions are best long before probabilities are: unless `patience` asks for it, a
        training by them ends where it ends.
        """
        asked = self.training.patience is not None
        return asked or is_likelihood(self.machine, self.training)

    def _look(self, epoch: int, last: bool) -> dict[str, Any]:
        """What monitors say, and the reconstruction error; their time goes on the budget."""
        line: dict[str, Any] = {}
        held = self.held_watched
        if self.compiled is not None:
            self.compiled.show_phases(self.cases)
            self.health.collect(*self.compiled.take_followed())
            self.compiled.gather_chains()
        if not self.ranks.leads:
            return line
        # what rank 0 measures it measures alone
        with standing_as(Alone()), self.budget.spending(FIGURES):
            if len(self.watched) and self.machine.reconstructed:
                line["reconstruction_error"] = reconstruction_error(self.machine, self.watched)
            line |= self.health.epoch(
                self.training,
                (self.watched.data, None if held is None else held.data),
                self.recipe.last,
                self.recipe.chains,
                epoch,
                self.per_epoch,
                (self.watched.weights, None if held is None else held.weights),
                budget=self.budget,
                updates=self.run_.updates - self.first,
                last=last,
            )
        return line

    def _out_of_patience(self) -> bool:
        return self.training.patience is not None and self.misses >= self.training.patience

    def _moment(self, figures: Mapping[str, Any]) -> Moment:
        """Where the training stands."""
        run = self.run_
        return Moment(
            self.machine,
            run.out,
            run.updates // self.per_epoch,
            run.updates,
            self.total,
            time.monotonic() - self.begun,
            figures,
        )
