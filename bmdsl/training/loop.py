"""The training loop: updates over minibatches, scores, early stopping, checkpoints, and a clean stop whatever happens."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Training
from ..language.outside import stored_edges
from ..runs.run_folder import OWN, RunFolder
from ..runtime.interrupts import Pending, Stopped, deferred
from ..runtime.threads import one_pool
from .cases import Cases
from .health import Health
from .judged_cases import judged
from .machine_protocol import Array, Machine
from .progress import Show, progress_line
from .recipe import Recipe
from .validation import is_likelihood, reconstruction_error, score

WATCHED = 500
"""Training cases whose reconstruction error is measured after every epoch."""
KEPT = 1 << 28
"""Bytes of parameters and optimizer state up to which a copy of the last epoch's end is kept in memory; past it, in the run's folder alone."""


@dataclass(repr=False)
class Run:
    """What training did. The machine holds the parameters: the best ones where early stopping watched, else the last."""

    machine: Machine
    out: Path | None
    updates: int = 0
    stopped: str = "done"
    """`done`, `patience` or `interrupted`."""
    signal: int = signal.SIGINT
    """The signal that interrupted."""
    best_score: float | None = None
    best_update: int | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    chains: dict[str, Array] = field(default_factory=dict)
    """The persistent chains' last states, [chains, size] a group; empty where the negative phase keeps none."""
    notes: list[str] = field(default_factory=list)
    """What figures rest on where cases have missing values."""

    told: Callable[[], list[tuple[str, ...]]] | None = field(default=None, compare=False)
    """Names and values of what `summary` says; set by who knows the data."""

    @property
    def health(self) -> str:
        """What the monitors minded when they last looked, or `healthy`; empty where none has looked."""
        return next((str(m["health"]) for m in reversed(self.metrics) if m.get("health")), "")

    def summary(self) -> str:
        """What `bm train` prints at its end, of the machine as it is now: health, figures, and simple models of the same cases."""
        rows = self.told() if self.told is not None else [("health", self.health)]
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{name:{width}}  {value}".rstrip() for name, value, *_ in rows)

    def __repr__(self) -> str:
        """`Run of rbm: 20 epochs, 2,000 updates, done; healthy`."""
        epochs = self.metrics[-1]["epoch"] if self.metrics else 0
        health = f"; {self.health}" if self.health else ""
        return f"Run of {self.machine.model.name}: {epochs:,} epochs, {self.updates:,} updates, {self.stopped}{health}"

    @property
    def interrupted(self) -> bool:
        return self.stopped == "interrupted"

    @property
    def exit_code(self) -> int:
        """0, or 128 and the signal's number: what a process that trained ends with."""
        return 128 + self.signal if self.interrupted else 0


def train(
    machine: Machine,
    data: Mapping[str, Array],
    training: Training,
    out: Path | None = None,
    weights: Array | None = None,
    validation: Mapping[str, Array] | None = None,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    *,
    metadata: Mapping[str, str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
    attached: Mapping[str, Array] | None = None,
) -> Run:
    """Trains in place. `metadata` (source, arguments, …) goes into the run's files; `resume` goes on from `out`'s checkpoint, bit for bit.
    `attached` arrays go beside the parameters.

    `validation` replaces the split of `training.validate`. `on_progress` gets every epoch's figures; a KeyboardInterrupt from it,
    or from the keyboard, keeps a checkpoint and returns. BmError BM754 where a gradient or parameter is no longer finite.
    """
    cases, held = Cases.of(data, weights), None
    if validation is not None:
        held = Cases.of(validation, None)
    else:
        cases, held = cases.split(training.validate, training.seed)
    if training.patience is not None and held is None:
        raise fail("BM753", "`patience` needs validation cases to watch", help="add `validate 0.1`")
    loop = _Loop(machine, training, cases, held, RunFolder(Path(out), metadata or {}, attached) if out is not None else None, on_progress)
    return loop.run(resume, progress)


class _Loop:
    """The state of one call of `train`. The update counter is the only position: epoch and place in it follow."""

    def __init__(self, machine: Machine, training: Training, cases: Cases, held: Cases | None, folder: RunFolder | None,
                 on_progress: Callable[[dict[str, Any]], None] | None) -> None:  # fmt: skip
        self.machine, self.training, self.cases, self.held = machine, training, cases, held
        self.folder, self.on_progress = folder, on_progress
        self.per_epoch = ceil(len(cases) / training.batch)
        self.total = training.updates if training.updates is not None else training.epochs * self.per_epoch
        missing = cases.missing()
        probe, _ = cases.batch(np.array([int(missing.argmax())]), 0, machine.dtype)  # a case with missing values where there is one
        self.watched = cases.whole().spread(WATCHED)
        self.recipe = Recipe.of(machine, training, probe, self.total)
        self.run_ = Run(machine, folder.path if folder else None, chains={n: x for n, x in self.recipe.chains.items() if not n.startswith(OWN)})
        self.health = Health(machine)
        self.best: dict[str, Array] = {}
        if missing.any():
            whole = int((~missing).sum())
            self.run_.notes.append(f"monitors look at the {whole:,} of {len(cases):,} training cases that have no missing values" if whole
                                   else "monitors look at nothing: every training case has missing values")  # fmt: skip
        self.judged: Cases | None = None
        if held is not None:
            self.judged, note = judged(machine, held, is_likelihood(machine, training))
            self.run_.notes += [note] if note else []
        self.misses = 0
        self.good: tuple[dict[str, Array], int] = ({}, 0)
        views = self.recipe.arrays(copy=False).values()
        self.on_disk = folder is not None and sum(x.nbytes for x in views) > KEPT
        self.begun = 0.0

    def run(self, resume: bool, progress: bool | None) -> Run:
        if resume:
            self._resume()
        if self.folder is not None:
            self.folder.prepare()
            self.run_.metrics = self.folder.start_metrics(self.run_.updates)
        self._keep()
        if self.on_disk:
            self._checkpoint()
        self.begun = time.monotonic()
        try:
            with one_pool(), progress_line(self.total, progress) as show, deferred() as signals:
                self._updates(show, signals)
        except Stopped as stop:
            if stop.whole:
                self._keep()
            else:
                self._back()
            self.run_.stopped, self.run_.signal = "interrupted", stop.number
        except KeyboardInterrupt:
            # one that is no signal may fall inside an update: what is kept is the last whole epoch, or this one's end
            self._back()
            self.run_.stopped = "interrupted"
        except FloatingPointError as error:
            at = self.run_.updates
            self._back()
            self._checkpoint()
            note = f"the parameters are those after update {self.run_.updates}"
            raise fail("BM754", f"training diverged at update {at + 1}: {error}", self.training.optimizer.span,
                       help="lower the optimizer's rate", note=note) from None  # fmt: skip
        finally:
            self.machine.stepped = False
        self._checkpoint()
        if self.best and not self.run_.interrupted:
            self._take_best()
        self._write_params()
        return self.run_

    def _updates(self, show: Show, signals: Pending) -> None:
        order, ordered = np.empty(0, int), -1
        sums: dict[str, list[float]] = {}
        shown: dict[str, float] = {}
        while self.run_.updates < self.total:
            signals.check()
            if self._out_of_patience():
                self.run_.stopped = "patience"
                return
            epoch, place = divmod(self.run_.updates, self.per_epoch)
            if epoch != ordered:
                order, ordered = self.cases.order(self.training.seed, epoch), epoch
            rows = order[place * self.training.batch : (place + 1) * self.training.batch]
            batch, share = self.cases.batch(rows, self.run_.updates, self.machine.dtype)
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found and reported below
                figures = self.recipe.update(batch, share, self.health.follow)
            self.run_.updates += 1
            for name, x in figures.items():  # a figure need not come with every update
                sums.setdefault(name, []).append(x)
            shown |= figures
            show(self.run_.updates, shown, self.health.line)
            if place + 1 == self.per_epoch or self.run_.updates == self.total:
                self._epoch_done(epoch, {n: sum(x) / len(x) for n, x in sums.items()})
                sums = {}
        if self._out_of_patience():
            self.run_.stopped = "patience"

    def _epoch_done(self, epoch: int, figures: dict[str, float]) -> None:
        run = self.run_
        seconds = round(time.monotonic() - self.begun, 3)
        line: dict[str, Any] = {"epoch": epoch + 1, "update": run.updates, "seconds": seconds, **figures, **self.recipe.usage.epoch()}
        if len(self.watched) and self.machine.reconstructs:
            line["reconstruction_error"] = reconstruction_error(self.machine, self.watched)
        if self.judged is not None:
            line["validation"] = value = score(self.machine, self.judged, self.training)
            if not np.isfinite(value):
                raise FloatingPointError("the validation score is not finite")
            if run.best_score is None or value < run.best_score:
                run.best_score, run.best_update, self.misses = value, run.updates, 0
                self.best = {n: x.copy() for n, x in self.machine.params.items()}
            else:
                self.misses += 1
        held = None if self.held is None else self.held.whole().spread(WATCHED)
        line |= self.health.epoch(self.training, (self.watched.data, None if held is None else held.data), self.recipe.last, self.recipe.chains, epoch,
                                  self.per_epoch, (self.watched.weights, None if held is None else held.weights))  # fmt: skip
        self._keep()
        run.metrics.append(line)
        if self.folder is not None:
            self.folder.append_metrics(line)
            self._checkpoint()
        if self.on_progress is not None:
            self.on_progress(line)

    def _out_of_patience(self) -> bool:
        return self.training.patience is not None and self.misses >= self.training.patience

    def _keep(self) -> None:
        self.good = ({} if self.on_disk else self.recipe.arrays(), self.run_.updates)

    def _back(self) -> None:
        arrays, self.run_.updates = self.good
        if self.on_disk and self.folder is not None:
            arrays = {n: x for n, x in self.folder.read_state()[0].items() if not n.startswith("best/")}
        self.recipe.restore(arrays)

    def _take_best(self) -> None:
        for name, x in self.best.items():
            self.machine.params[name][...] = x

    def _checkpoint(self) -> None:
        if self.folder is None:
            return
        run = self.run_
        kept = self.recipe.arrays(copy=False) if self.on_disk else self.good[0]
        arrays = {**kept, **{f"best/{n}": x for n, x in self.best.items()}}  # `good` is of this update: epochs and ends only
        counters = {"updates": run.updates, "best_score": run.best_score, "best_update": run.best_update, "misses": self.misses}
        self.folder.write_state(arrays, counters)
        self._write_params()

    def _write_params(self) -> None:
        if self.folder is not None:
            run = self.run_
            facts = {"updates": run.updates, "total": self.total, "stopped": run.stopped, "best_score": run.best_score,
                     "best_update": run.best_update, "cases": len(self.cases), "seed": self.training.seed}  # fmt: skip
            self.folder.write_params({**self.machine.params, **stored_edges(self.machine.model)}, facts)

    def _resume(self) -> None:
        if self.folder is None:
            raise fail("BM757", "a resume needs the folder of the run", help="give `out`")
        arrays, counters = self.folder.read_state()
        try:
            self.recipe.restore({n: x for n, x in arrays.items() if not n.startswith("best/")})
        except (KeyError, ValueError) as error:
            raise fail("BM757", "the checkpoint belongs to another model or other training settings", note=str(error)) from None
        self.best = {n.removeprefix("best/"): x for n, x in arrays.items() if n.startswith("best/")}
        run = self.run_
        run.updates, run.best_score, run.best_update = counters["updates"], counters["best_score"], counters["best_update"]
        self.misses = counters["misses"]
