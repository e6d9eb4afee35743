"""Updates in calls: the routine that carries them out, how many go into a call, their cases."""

from __future__ import annotations

import numpy as np

from ..data.streams.order import Order
from ..language.diagnostics import fail
from ..runtime.pace import Pace
from ..schedule.builder import NotScheduled
from .callbacks import Hooks
from .cases import Cases
from .compiled import CompiledUpdates, Figures
from .epochs import rows_of_updates
from .in_step import InStep
from .keeping import Kept
from .machine_protocol import Array, Compilable, Machine


class UpdateCalls(Kept, InStep):
    """The part of a training's loop that carries updates out."""

    machine: Machine
    hooks: Hooks
    per_epoch: int
    judged: Cases | None
    scored_every: int
    _ordered: tuple[int, Array | Order]
    """The epoch whose order of cases is kept, and that order."""

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
