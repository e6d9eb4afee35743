"""Ctrl-C and SIGTERM, taken where work is whole: an exception inside compiled code would come out
as another error.
"""

from __future__ import annotations

import _signal  # what `signal` wraps: that looks every handler up among its constants, 3 µs a call
import _thread
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
IMPORTING = "<frozen importlib"
"""How the names of the files begin that Python imports modules with."""
SOON = 0.005
"""Seconds after which a signal that fell among them comes again."""


class Stopped(KeyboardInterrupt):
    """A signal that asked for an end; `number` is its own, of which a process's exit code is made.

    `whole`: it waited until nothing was half done.
    """

    def __init__(self, number: int, whole: bool) -> None:
        super().__init__()
        self.number, self.whole = number, whole


class Raising:
    """A handler that raises Stopped where a signal falls. `numbers` are the signals that came.

    Python drops an exception that falls into a finalizer or a callback of compiled code, so the
    signal is remembered too. Where modules are imported it waits a moment: an exception between
    the lines that take the lock of imports and those that are sure to give it back would leave
    threads that import anything waiting for ever.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.numbers.append(number)
        if frame is not None and frame.f_code.co_filename.startswith(IMPORTING):
            _thread.start_new_thread(_again, (number,))
            return
        raise Stopped(number, whole=False)


def _again(number: int) -> None:
    time.sleep(SOON)
    os.kill(os.getpid(), number)


class Pending:
    """Signals that have come and wait for `check`."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._waits = True
        self.raised = False
        """Whether Stopped was raised for them."""

    def receive(self, number: int, frame: FrameType | None = None) -> None:
        """Notes a signal; a second one does not wait any longer."""
        self.numbers.append(number)
        if len(self.numbers) > 1 or not self._waits:
            self.raised = True
            raise Stopped(self.numbers[0], whole=False)

    def check(self) -> None:
        """Raises Stopped if a signal has come."""
        if self.numbers:
            self.raised = True
            raise Stopped(self.numbers[0], whole=True)

    @contextmanager
    def taken_at_once(self) -> Iterator[None]:
        """Inside, which may take long, a signal raises Stopped where it falls: what is done there
        is done again.
        """
        if self.numbers:
            self.raised = True
            raise Stopped(self.numbers[0], whole=False)
        self._waits = False
        try:
            yield
        finally:
            self._waits = True


@contextmanager
def deferred() -> Iterator[Pending]:
    """Inside, a signal waits until `check` is called; outside the main thread, or if signals are
    ignored, nothing changes.

    A signal that came before, and whose exception was dropped, waits too; one that nobody has
    checked for is raised at the end.
    """
    pending = Pending()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, pending.receive)
        lost = [
            n
            for handler in before.values()
            if isinstance(handler, Raising)
            for n in handler.numbers
        ]
        pending.numbers += lost[:1]
    came = len(pending.numbers)
    try:
        yield pending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if len(pending.numbers) > came and not pending.raised:
        signal.raise_signal(pending.numbers[-1])


class remembered:  # noqa: N801  # used as a function that makes a context
    """Inside, Python's own handler of Ctrl-C is one that remembers: an interrupt whose exception
    was dropped is raised at the end.

    numba drops one that falls into a callback while it compiles, and may fail later for want of
    what the callback kept: that error is the interrupt's too. A handler of the user's, or of ours
    further out, stays.
    """

    __slots__ = ("_handler",)

    def __enter__(self) -> None:
        self._handler: Raising | None = None
        if (
            _signal.getsignal(signal.SIGINT) is signal.default_int_handler
            and threading.current_thread() is threading.main_thread()
        ):
            self._handler = Raising()
            _signal.signal(signal.SIGINT, self._handler)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handler is None:
            return
        _signal.signal(signal.SIGINT, signal.default_int_handler)
        numbers = self._handler.numbers
        if numbers and (error is None or isinstance(error, Exception)):
            raise Stopped(numbers[0], whole=error is None) from None


def cause(error: BaseException | None) -> KeyboardInterrupt | None:
    """The interrupt that an error came from: numba turns one that falls into its dispatcher into a
    SystemError.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def stopped_by(error: BaseException) -> int | None:
    """The number of the signal that an error came from; None if it came from none.

    Compiled code may turn the exception of a signal into another one, or fail for want of what it
    kept.
    """
    if isinstance(found := cause(error), Stopped):
        return found.number
    if found is not None:
        return signal.SIGINT
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if isinstance(handler, Raising) and handler.numbers:
                return handler.numbers[0]
    return None
