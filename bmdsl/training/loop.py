"""The training loop: updates over minibatches, scores, early stopping, checkpoints, and a clean
stop whatever happens.
"""

from __future__ import annotations

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
from ..ranks.world import world
from ..runs.run_folder import OWN, RunFolder
from ..runtime.interrupts import Pending, Stopped, deferred, stopped_by
from ..runtime.pace import Pace
from ..runtime.threads import one_pool
from .averages import Averages
from .budget import Budget
from .callbacks import (
    Callback,
    CallbackFailed,
    Given,
    Hooks,
    ProgressCall,
    callbacks_of,
    start_facts,
)
from .cases import Cases
from .checkpoint import Checkpoint
from .compiled import CompiledUpdates
from .epoch_ends import EpochEnds
from .epochs import epochs_in
from .health import Health
from .judged_cases import divided, judged
from .machine_protocol import Array, Machine
from .outcome import Run
from .progress import Show, progress_line
from .recipe import Recipe
from .streamed_cases import StreamedCases
from .update_calls import UpdateCalls
from .validation import epochs_between_scores, is_likelihood, share_beside_scores

WATCHED = 500
"""Training cases that monitors look at."""
KEPT = 1 << 28
"""Bytes of parameters and optimizer state up to which a copy of the last epoch's end is kept in
memory; past it, in the run's folder alone.
"""


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
    cases, held, notes = divided(data, training, weights, validation)
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


class _Loop(UpdateCalls, EpochEnds):
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
        looks = training.monitor if every else share_beside_scores(training.monitor)
        self.budget = Budget(looks, self.health.accounts)
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
