"""The training loop: updates over minibatches, scores, early stopping, checkpoints, and a clean
stop whatever happens.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from ..data.streams.order import Order
from ..language.diagnostics import BmError, fail
from ..language.model import Training
from ..ranks.interface import Alone
from ..ranks.world import standing_as, world
from ..runs.run_folder import OWN, RunFolder
from ..runtime.interrupts import Pending, Stopped, deferred, stopped_by
from ..runtime.pace import Pace
from ..runtime.threads import one_pool
from ..schedule.builder import NotScheduled
from .averages import Averages
from .budget import Budget
from .callbacks import (
    Callback,
    CallbackFailed,
    Given,
    Hooks,
    Moment,
    ProgressCall,
    callbacks_of,
    start_facts,
)
from .cases import Cases
from .checkpoint import Checkpoint
from .compiled import CompiledUpdates, Figures
from .epochs import epochs_in, rows_of_updates
from .health import FIGURES, Health
from .in_step import InStep
from .judged_cases import judged
from .keeping import Kept
from .machine_protocol import Array, Compilable, Machine
from .outcome import Run
from .progress import Show, progress_line
from .recipe import Recipe
from .streamed_cases import StreamedCases
from .validation import epochs_between_scores, is_likelihood, reconstruction_error, score

GRACE = 0.5
"""Seconds of a training with a folder that looks may take however short it is: enough for curves of
some points.
"""
WATCHED = 500
"""Training cases that monitors look at."""
KEPT = 1 << 28
"""Bytes of parameters and optimizer state up to which a copy of the last epoch's end is kept in
memory; past it, in the run's folder alone.
"""
MIN_UPDATES_BETWEEN_COPIES = 50
"""Counted, not timed: what a training that diverges goes back to must not depend on the clock."""


def train(
    machine: Machine,
    data: Mapping[str, Array] | StreamedCases,
    training: Training,
    out: Path | RunFolder | None = None,
    weights: Array | None = None,
    validation: Mapping[str, Array] | None = None,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    *,
    metadata: Mapping[str, str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
    attached: Mapping[str, Array] | None = None,
    callbacks: Sequence[Given] = (),
    made: Mapping[str, Any] | None = None,
) -> Run:
    """Trains in place. `metadata` (source, arguments, …) goes into the run's files; `resume` goes
    on from `out`'s checkpoint, bit for bit.
    `attached` arrays go beside the parameters. A run's folder given as `out` has both already.
    `callbacks` look on, and may stop the training; an exception of theirs leaves a checkpoint and
    goes on. `made` goes into run.json.

    `validation` replaces the split of `training.validate`. `on_progress` gets every epoch's
    figures; a KeyboardInterrupt from it, or from the keyboard, keeps a checkpoint and returns.
    BmError BM754 where a gradient or parameter is no longer finite.
    """
    cases, held, notes = _divided(data, training, weights, validation)
    if training.patience is not None and held is None:
        raise fail("BM753", "`patience` needs validation cases to watch", help="add `validate 0.1`")
    folder = (
        out
        if out is None or isinstance(out, RunFolder)
        else RunFolder(Path(out), metadata or {}, attached)
    )
    told = [] if on_progress is None else [ProgressCall(on_progress)]
    hooks = [*callbacks_of(callbacks), *told]
    facts = metadata if folder is None else folder.metadata
    with nullcontext() if folder is None else folder:
        loop = _Loop(machine, training, cases, held, folder, hooks, facts or {}, made or {})
        loop.run_.notes += notes
        try:
            return loop.run(resume, progress)
        finally:
            cases.close()


def _divided(
    data: Mapping[str, Array] | StreamedCases,
    training: Training,
    weights: Array | None,
    validation: Mapping[str, Array] | None,
) -> tuple[Cases | StreamedCases, Cases | None, list[str]]:
    """Training and validation cases, and what is to be said of them."""
    given = None if validation is None else Cases.of(validation, None)
    if isinstance(data, StreamedCases):
        held, notes = data.held() if given is None else (given, [])
        return data, held, notes
    cases = Cases.of(data, weights)
    if given is not None:
        return cases, given, []
    return *cases.split(training.validate, training.seed), []


class _Loop(Kept, InStep):
    """The state of one call of `train`.

    The update counter is the only position: epoch and place in it follow.
    """

    def __init__(
        self,
        machine: Machine,
        training: Training,
        cases: Cases | StreamedCases,
        held: Cases | None,
        folder: RunFolder | None,
        callbacks: Sequence[Callback],
        facts: Mapping[str, str],
        made: Mapping[str, Any],
    ) -> None:
        self.machine, self.training, self.cases, self.held = machine, training, cases, held
        self.ranks = world()
        self.hooks = Hooks(callbacks if self.ranks.leads else ())
        self.by_epoch = bool(self.ranks.first(self.hooks.by_epoch))
        self.folder, self.facts = folder, facts
        self.made = made
        self.halted = False
        """Whether a callback wants no more updates."""
        self.per_epoch = ceil(len(cases) / training.batch)
        self.total = (
            training.updates if training.updates is not None else training.epochs * self.per_epoch
        )
        cases.ends(self.total, training.batch)
        self.watched = cases.whole_spread(WATCHED)
        self.recipe = Recipe.of(machine, training, cases.probe(machine.dtype), self.total)
        self.run_ = Run(
            machine,
            folder.path if folder else None,
            chains={n: x for n, x in self.recipe.chains.items() if not n.startswith(OWN)},
        )
        self.health = Health(machine)
        self.budget = Budget(training.monitor, self.health.accounts)
        self.first = 0
        self.best: dict[str, Array] = {}
        self.run_.notes += cases.notes()
        self.judged: Cases | None = None
        if held is not None:
            self.judged, note = judged(machine, held, is_likelihood(machine, training))
            self.run_.notes += [note] if note else []
        self.held_watched = None if held is None else held.whole().spread(WATCHED)
        every = training.patience is not None or self.judged is None
        self.scored_every = (
            1
            if every or self.judged is None
            else epochs_between_scores(len(self.judged), training.batch, self.per_epoch)
        )
        self.compiled: CompiledUpdates | None = None
        self.figures = Averages()
        self.signals = Pending()
        self.carried: tuple[dict[str, Array], dict[str, int]] = {}, {}
        """Sums of several updates, and of how many, that the compiled updates go on from."""
        self._ordered: tuple[int, Array | Order] = (-1, np.empty(0, int))
        self.misses = 0
        self.begun, self.seconds_before = time.monotonic(), 0.0
        self.good = Checkpoint({}, self._counters(), {})
        self.checkpoint_due = self.checkpoint_due_inside = 0.0
        self.saved = -1
        views = self.recipe.arrays(copy=False).values()
        self.on_disk = folder is not None and sum(x.nbytes for x in views) > KEPT

    def run(self, resume: bool, progress: bool | None) -> Run:
        try:
            made = self._run(resume, progress)
        except CallbackFailed as failure:
            self.run_.stopped = "failed"
            if not self.ranks.alone:
                self.apart = True
                self._back()  # the chains of the other ranks are not to be had any longer
            self._write_state()
            self._write_params()
            failure.error.add_note(f"raised by a callback after update {self.run_.updates:,}")
            self._end_quietly()
            raise failure.error from None
        except BaseException:
            self.run_.stopped = "failed"
            self._end_quietly()
            raise
        self.hooks.end(made)
        return made

    def _end_quietly(self) -> None:
        """Callbacks are told of the end; what they raise would hide why it came."""
        with suppress(Exception):
            self.hooks.end(self.run_)

    def _run(self, resume: bool, progress: bool | None) -> Run:
        try:
            with deferred() as signals:
                self._begin(resume)
                signals.check()
            self.halted = self._asked(
                lambda: self.hooks.start(self._moment(start_facts(self.facts)))
            )
            with one_pool(), progress_line(self.total, progress) as show:
                self.compiled = self._compiled()
                if self.compiled is None and not self.ranks.alone:
                    raise self._unspread("this training is not compiled as a whole")
                self._carry_on()
                self.begun, self.first = time.monotonic(), self.run_.updates
                self.budget.begin(GRACE if self.folder is not None else 0.0)
                with deferred() as self.signals:
                    self._updates(show)
        except Stopped as stop:
            if self.saved < 0:
                raise
            if stop.whole:
                self._keep()
            else:
                self._back(saved=True)
            self.run_.stopped, self.run_.signal = "interrupted", stop.number
        except FloatingPointError as error:
            at = int(error.args[1]) if len(error.args) > 1 else self.run_.updates
            self._back()
            self._checkpoint()
            note = f"the parameters are those after update {self.run_.updates}"
            raise fail(
                "BM754",
                f"training diverged at update {at + 1}: {error.args[0]}",
                self.training.optimizer.span,
                help="lower the optimizer's rate",
                note=note,
            ) from None
        except (KeyboardInterrupt, Exception) as error:
            # one that is no signal may fall inside an update: what is kept is the end of an epoch
            number = self._signal_of(error)
            if number is None or self.saved < 0:
                if self.folder is not None:
                    with suppress(OSError):
                        self.folder.flush()
                raise
            self._back(saved=True)
            self.run_.stopped, self.run_.signal = "interrupted", number
        finally:
            self.machine.stepped = False
        self._write_state()
        if self.best and not self.run_.interrupted and self._keeps_best():
            for name, x in self.best.items():
                self.machine.params[name][...] = x
        self._write_params()
        self.ranks.barrier()
        return self.run_

    def _begin(self, resume: bool) -> None:
        """The state that training goes on from; a folder has it as a checkpoint from here on."""
        if resume:
            self._resume()
        if self.folder is not None:
            self.folder.prepare()
            self.run_.metrics = self.folder.start_metrics(resume)
        self._keep()
        self._set_due(0.0)
        if self.folder is not None and (self.on_disk or not resume):
            self._checkpoint()
        self.saved = self.run_.updates

    def _signal_of(self, error: BaseException) -> int | None:
        """The number of the signal that an error came from, if it came from one."""
        if self.signals.numbers:
            return self.signals.numbers[0]
        return None if isinstance(error, BmError) else stopped_by(error)

    def _updates(self, show: Show) -> None:
        compiled, pace = self.compiled, Pace()
        while self.run_.updates < self.total and not self.halted:
            self._check_signals()
            if self._out_of_patience():
                break
            first = self.run_.updates
            count, due = self.ranks.first((self._count_of_call(compiled, pace), self._is_due()))
            with pace.timed(count):
                made = self._call(compiled, first, count)
            for epoch, lo, hi in epochs_in(first, count, self.per_epoch):
                self.figures.add({n: x[lo - first : hi - first] for n, x in made.items()})
                self.run_.updates = hi
                last = {n: float(x[hi - 1 - first]) for n, x in made.items()}
                self.halted |= self._asked(
                    partial(self.hooks.update, partial(self._moment, last), hi)
                )
                if self.halted or hi % self.per_epoch == 0 or hi == self.total:
                    self._epoch_done(epoch, at_once=hi < first + count)
            if due:
                self._checkpoint()
            show(self.run_.updates, self.figures.shown, self.health.line)
        self._check_signals()
        if self.halted and self.run_.updates < self.total:
            self.run_.stopped = "callback"
        elif self._out_of_patience():
            self.run_.stopped = "patience"

    def _is_due(self) -> bool:
        """Whether a checkpoint is to be written inside an epoch."""
        return self.folder is not None and time.monotonic() >= self.checkpoint_due_inside

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

    def _count_of_call(self, compiled: CompiledUpdates | None, pace: Pace) -> int:
        """Updates of the next call: as many as take a tenth of a second, up to the next end of an
        epoch at which something is to be done.
        """
        if compiled is None:
            return 1
        epoch, place = divmod(self.run_.updates, self.per_epoch)
        whole = 1
        looked = self.training.monitor >= 1  # after every epoch
        if not self.hooks.by_epoch and not compiled.by_epoch and not looked:
            whole = (
                self.scored_every - epoch % self.scored_every
                if self.judged is not None
                else pace.count
            )
        left = min(whole * self.per_epoch - place, self.total - self.run_.updates)
        seen = self.hooks.updates_until(self.run_.updates)
        left = left if seen is None else min(left, seen)
        at_hand = self.cases.updates_at_hand(epoch, place, self.training.batch)
        left = left if at_hand is None else min(left, at_hand)
        count = max(1, min(left, compiled.most(), pace.count))
        past = (place + count) % self.per_epoch
        # A call of more than an epoch ends with one, where monitors can look.
        return count - past if place + count > self.per_epoch else count

    def _call(self, compiled: CompiledUpdates | None, first: int, count: int) -> Figures:
        """Carries updates out; their figures."""
        chosen, sizes = rows_of_updates(
            first, count, self.per_epoch, self.training.batch, self._order
        )
        if compiled is None:
            one, share = self.cases.batch(chosen, first, self.machine.dtype)
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # what is not finite is found and reported below
                told = self.recipe.update(one, share, self.health.follow)
            return {n: np.array([x]) for n, x in told.items()}
        return compiled.run(self.cases, chosen, first, sizes)

    def _order(self, epoch: int) -> Array | Order:
        """The order of the cases in an epoch, kept for its next updates."""
        if self._ordered[0] != epoch:
            self._ordered = epoch, self.cases.order(self.training.seed, epoch)
        return self._ordered[1]

    def _compiled(self) -> CompiledUpdates | None:
        """The updates as one compiled routine; None if no ops carry out what the train block asks
        for.
        """
        places = self.health.places(self.machine.params)
        if places is None or not isinstance(self.machine, Compilable):
            return None
        try:
            return CompiledUpdates.of(
                self.recipe, self.machine, self.cases, self.training.batch, places
            )
        except NotScheduled as reason:
            if not self.ranks.alone:
                raise self._unspread(str(reason)) from None
            if self.machine.layer_groups:  # nothing but ops trains the layers of a stack at once
                raise fail(
                    "BM888",
                    f"`{self.machine.model.name}` cannot be trained jointly: {reason}",
                    help="`train { greedily }`",
                ) from None
            return None

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
