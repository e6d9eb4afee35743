"""Ranks of one training stay in step: what one of them alone knows is told to all."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from ..language.diagnostics import BmError, fail
from ..ranks.interface import Ranks
from ..runtime.interrupts import Pending, Stopped
from .callbacks import CallbackFailed
from .machine_protocol import Machine


class InStep:
    """The part of a training's loop in which ranks agree."""

    machine: Machine
    ranks: Ranks
    signals: Pending

    def _check_signals(self) -> None:
        """Raises Stopped if a signal has come, to whichever rank: all stop at the same update."""
        if not self.ranks.alone:
            number = self.ranks.most(max(self.signals.numbers, default=0))
            if number and not self.signals.numbers:
                self.signals.numbers.append(number)
        self.signals.check()

    def _asked(self, ask: Callable[[], bool]) -> bool:
        """What callbacks want, which rank 0 alone has: all ranks do it, a stop too."""
        if self.ranks.alone:
            return ask()
        wanted, stop, error = False, 0, None
        if self.ranks.leads:
            try:
                wanted = ask()
            except KeyboardInterrupt as found:
                stop = found.number if isinstance(found, Stopped) else signal.SIGINT
            except CallbackFailed as found:
                error = found
        wanted, stop, failed = self.ranks.first((wanted, int(stop), error is not None))
        if error is not None:
            raise error
        if failed:
            raise fail("BM998", "a callback of rank 0 has failed, which ends the other ranks")
        if stop:
            raise Stopped(stop, whole=True)
        return bool(wanted)

    def _at_once(self) -> AbstractContextManager[None]:
        """A signal is taken where it falls inside; if there are other ranks, when they can stop
        too.
        """
        return self.signals.taken_at_once() if self.ranks.alone else nullcontext()

    def _unspread(self, reason: str) -> BmError:
        """What is wrong if several ranks cannot share a training."""
        return fail(
            "BM996",
            f"`{self.machine.model.name}` cannot be trained by {self.ranks.size} ranks: {reason}",
            help="train it in one process, with as many threads as there are cores",
        )
