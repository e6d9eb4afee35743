"""The training loop: updates over minibatches, scores, early stopping, checkpoints, and a clean
stop whatever happens.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import BmError, fail
from ..language.model import Training
from ..language.outside import stored_edges
from ..runs.run_folder import OWN, RunFolder
from ..runtime.interrupts import Pending, Stopped, deferred, stopped_by
from ..runtime.pace import Pace
from ..runtime.threads import one_pool
from ..schedule.builder import NotScheduled
from .averages import Averages
from .budget import Budget
from .cases import Cases, note_of_missing
from .checkpoint import BEST, Checkpoint, part, stored
from .compiled import CompiledUpdates, Figures
from .epochs import epochs_in, rows_of_updates
from .health import FIGURES, Health
from .judged_cases import judged
from .machine_protocol import Array, Compilable, Machine
from .memory import apart, together
from .outcome import Run
from .progress import Show, progress_line
from .recipe import Recipe
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
MIN_SECONDS_BETWEEN_CHECKPOINTS, MIN_TIMES_THEIR_COST = 5.0, 20
"""Checkpoints are apart by so many seconds, and by so many times what the last one took."""
MEMORY = "memory"
"""What the names of arrays in a checkpoint begin with that monitors and figures remember."""


def train(
    machine: Machine,
    data: Mapping[str, Array],
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
) -> Run:
    """Trains in place. `metadata` (source, arguments, …) goes into the run's files; `resume` goes
    on from `out`'s checkpoint, bit for bit.
    `attached` arrays go beside the parameters. A run's folder given as `out` has both already.

    `validation` replaces the split of `training.validate`. `on_progress` gets every epoch's
    figures; a KeyboardInterrupt from it, or from the keyboard, keeps a checkpoint and returns.
    BmError BM754 where a gradient or parameter is no longer finite.
    """
    cases, held = Cases.of(data, weights), None
    if validation is not None:
        held = Cases.of(validation, None)
    else:
        cases, held = cases.split(training.validate, training.seed)
    if training.patience is not None and held is None:
        raise fail("BM753", "`patience` needs validation cases to watch", help="add `validate 0.1`")
    folder = (
        out
        if out is None or isinstance(out, RunFolder)
        else RunFolder(Path(out), metadata or {}, attached)
    )
    with nullcontext() if folder is None else folder:
        loop = _Loop(machine, training, cases, held, folder, on_progress)
        return loop.run(resume, progress)


class _Loop:
    """The state of one call of `train`.

    The update counter is the only position: epoch and place in it follow.
    """

    def __init__(
        self,
        machine: Machine,
        training: Training,
        cases: Cases,
        held: Cases | None,
        folder: RunFolder | None,
        on_progress: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self.machine, self.training, self.cases, self.held = machine, training, cases, held
        self.folder, self.on_progress = folder, on_progress
        self.per_epoch = ceil(len(cases) / training.batch)
        self.total = (
            training.updates if training.updates is not None else training.epochs * self.per_epoch
        )
        missing = cases.missing()
        probe, _ = cases.batch(
            np.array([int(missing.argmax())]), 0, machine.dtype
        )  # a case with missing values where there is one
        self.watched = cases.whole().spread(WATCHED)
        self.recipe = Recipe.of(machine, training, probe, self.total)
        self.run_ = Run(
            machine,
            folder.path if folder else None,
            chains={n: x for n, x in self.recipe.chains.items() if not n.startswith(OWN)},
        )
        self.health = Health(machine)
        self.budget = Budget(training.monitor, self.health.accounts)
        self.first = 0
        self.best: dict[str, Array] = {}
        self.run_.notes += note_of_missing(missing)
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
        self._ordered: tuple[int, Array] = (-1, np.empty(0, int))
        self.misses = 0
        self.begun, self.seconds_before = time.monotonic(), 0.0
        self.good = Checkpoint({}, self._counters(), {})
        self.checkpoint_due = self.checkpoint_due_inside = 0.0
        self.saved = -1
        views = self.recipe.arrays(copy=False).values()
        self.on_disk = folder is not None and sum(x.nbytes for x in views) > KEPT

    def run(self, resume: bool, progress: bool | None) -> Run:
        try:
            with deferred() as signals:
                self._begin(resume)
                signals.check()
            with one_pool(), progress_line(self.total, progress) as show:
                self.compiled = self._compiled()
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
        if self.best and not self.run_.interrupted:
            for name, x in self.best.items():
                self.machine.params[name][...] = x
        self._write_params()
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
        while self.run_.updates < self.total:
            self.signals.check()
            if self._out_of_patience():
                break
            first = self.run_.updates
            count = self._count_of_call(compiled, pace)
            with pace.timed(count):
                made = self._call(compiled, first, count)
            for epoch, lo, hi in epochs_in(first, count, self.per_epoch):
                self.figures.add({n: x[lo - first : hi - first] for n, x in made.items()})
                self.run_.updates = hi
                if hi % self.per_epoch == 0 or hi == self.total:
                    self._epoch_done(epoch, at_once=hi < first + count)
            if self.folder is not None and time.monotonic() >= self.checkpoint_due_inside:
                self._checkpoint()
            show(self.run_.updates, self.figures.shown, self.health.line)
        self.signals.check()
        if self._out_of_patience():
            self.run_.stopped = "patience"

    def _count_of_call(self, compiled: CompiledUpdates | None, pace: Pace) -> int:
        """Updates of the next call: as many as take a tenth of a second, up to the next end of an
        epoch at which something is to be done.
        """
        if compiled is None:
            return 1
        epoch, place = divmod(self.run_.updates, self.per_epoch)
        whole = 1
        looked = self.training.monitor >= 1  # after every epoch
        if self.on_progress is None and not compiled.by_epoch and not looked:
            whole = (
                self.scored_every - epoch % self.scored_every
                if self.judged is not None
                else pace.count
            )
        left = min(whole * self.per_epoch - place, self.total - self.run_.updates)
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

    def _order(self, epoch: int) -> Array:
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
            with self.signals.taken_at_once():
                line["validation"] = self._score(self.judged)
        if at_once:
            self._tell(line)
            return
        last = run.updates == self.total or self._out_of_patience()
        if last or self.budget.affords(FIGURES):
            with self.signals.taken_at_once():
                line |= self._look(epoch, last)
        self._tell(line)
        copied = last or run.updates - self.good.counters["updates"] >= MIN_UPDATES_BETWEEN_COPIES
        if copied:
            self._keep()
        if not last and (copied if self.on_disk else time.monotonic() >= self.checkpoint_due):
            self._checkpoint()
        if self.on_progress is not None:
            try:
                self.on_progress(line)
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
        run, value = self.run_, score(self.machine, judged, self.training)
        if not np.isfinite(value):
            raise FloatingPointError("the validation score is not finite")
        if run.best_score is None or value < run.best_score:
            run.best_score, run.best_update, self.misses = value, run.updates, 0
            self.best = {n: x.copy() for n, x in self.machine.params.items()}
        else:
            self.misses += 1
        return value

    def _look(self, epoch: int, last: bool) -> dict[str, Any]:
        """What monitors say, and the reconstruction error; their time goes on the budget."""
        line: dict[str, Any] = {}
        held = self.held_watched
        if self.compiled is not None:
            self.compiled.show_phases(self.cases)
            self.health.collect(*self.compiled.take_followed())
        with self.budget.spending(FIGURES):
            if len(self.watched) and self.machine.reconstructs:
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

    def _seconds(self) -> float:
        """Of training, those before a resume too."""
        return self.seconds_before + time.monotonic() - self.begun

    def _counters(self) -> dict[str, Any]:
        run = self.run_
        return {
            "updates": run.updates,
            "best_score": run.best_score,
            "best_update": run.best_update,
            "misses": self.misses,
            "seconds": self._seconds(),
            "running": self.carried[1] if self.compiled is None else dict(self.compiled.counts),
        }

    def _memories(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What the epoch's figures, monitors and sums of several updates stand at: arrays, and the
        rest beside the counters.
        """
        running = self.carried[0] if self.compiled is None else self.compiled.running()
        arrays, plain = apart(
            {
                "figures": self.figures.arrays(),
                "health": self.health.memories(),
                "usage": self.recipe.usage.memories(),
                "running": running,
            },
            MEMORY,
        )
        return arrays, {**self._counters(), "memory": plain}

    def _keep(self) -> None:
        arrays, counters = self._memories()
        parts = {} if self.on_disk else self.recipe.arrays()
        self.good = Checkpoint({**parts, **arrays}, counters, self.best)

    def _back(self, saved: bool = False) -> None:
        """To what was kept last, or what was `saved` last where that is later, with the metrics up
        to there.
        """
        kept = self.good
        later = saved and self.saved > kept.counters["updates"]
        if self.folder is not None and (self.on_disk or later):
            kept = stored(self.folder)
        self._restore(kept)
        lines = self.run_.metrics
        self.run_.metrics = [line for line in lines if line["update"] <= self.run_.updates]
        if self.folder is not None:
            self.folder.rewrite_metrics(self.run_.metrics)

    def _restore(self, kept: Checkpoint) -> None:
        self.recipe.restore(kept.arrays)
        run, counters = self.run_, kept.counters
        run.updates, run.best_score, run.best_update = (
            counters["updates"],
            counters["best_score"],
            counters["best_update"],
        )
        self.best, self.misses = kept.best, counters["misses"]
        memory = together(kept.arrays, counters.get("memory", {}), MEMORY)
        self.figures.restore(memory.get("figures", {}))
        self.health.remember(memory.get("health", {}))
        self.recipe.usage.remember(memory.get("usage", {}))
        sums = part(kept.arrays, f"{MEMORY}/running/")
        self.carried = sums, counters.get("running", {})
        self._carry_on()

    def _carry_on(self) -> None:
        """Gives the compiled updates, which are made last, the sums that they go on from."""
        if self.compiled is not None:
            self.compiled.restore(*self.carried)
            self.carried = {}, {}

    def _checkpoint(self) -> None:
        """The run as it is now, between two updates; the next one is due when it is worth
        its time.
        """
        begun = time.monotonic()
        self._write_state()
        self._write_params()
        self._set_due(time.monotonic() - begun)

    def _set_due(self, cost: float) -> None:
        """When the next checkpoints may be written: at an epoch's end, and inside one."""
        now, least = time.monotonic(), MIN_TIMES_THEIR_COST * cost
        self.checkpoint_due = now + max(MIN_SECONDS_BETWEEN_CHECKPOINTS, least)
        self.checkpoint_due_inside = now + max(self.training.checkpoint, least)

    def _write_state(self) -> None:
        if self.folder is not None:
            memories, counters = self._memories()
            best = {BEST + n: x for n, x in self.best.items()}
            arrays = {**self.recipe.arrays(copy=False), **best, **memories}
            self.folder.write_state(arrays, counters, stored_edges(self.machine.model))
            self.saved = self.run_.updates

    def _write_params(self) -> None:
        if self.folder is not None:
            run = self.run_
            facts = {
                "updates": run.updates,
                "total": self.total,
                "stopped": run.stopped,
                "best_score": run.best_score,
                "best_update": run.best_update,
                "cases": len(self.cases),
                "seed": self.training.seed,
            }
            self.folder.write_params(
                {**self.machine.params, **stored_edges(self.machine.model)}, facts
            )

    def _resume(self) -> None:
        if self.folder is None:
            raise fail("BM757", "a resume needs the folder of the run", help="give `out`")
        try:
            kept = stored(self.folder)
            self._restore(kept)
            self.seconds_before = float(kept.counters.get("seconds", 0.0))
        except (KeyError, ValueError) as error:
            raise fail(
                "BM757",
                "the checkpoint belongs to another model or other training settings",
                note=str(error),
            ) from None
