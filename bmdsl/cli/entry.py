"""The `bm` command's first lines: from here on a signal ends the process without a traceback."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from types import FrameType

GARBAGE = 50_000
"""Objects after which Python looks for cycles of them: with its 700 it looks through all that is
imported hundreds of times, a twentieth of a short command's time.
"""


def _leave(number: int, frame: FrameType | None) -> None:
    """Nothing is begun while modules are being imported, so that the process can simply end."""
    os.write(2, b"interrupted\n")
    os._exit(128 + number)


class _Ending:
    """Ends the process, once all else that is to be done at its end is done, without taking its
    objects apart one by one: of a training's, with compiled code and libraries, that takes a
    quarter of a second.
    """

    code: int | None = None

    def __call__(self) -> None:
        if self.code is None or "mpi4py" in sys.modules:  # ranks take leave of one another later
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):  # Python says what is wrong with them
            return
        os._exit(self.code)


def main() -> None:
    """Exit 0 done, 1 the model or data is wrong, 2 usage, 70 our own bug, 130 or 143 stopped by
    SIGINT or SIGTERM.
    """
    gc.set_threshold(GARBAGE)
    # numba colours messages that nobody sees here, by colorama if there is one, which at the
    # process's end writes a sign of its own behind what the command has written to a terminal
    os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
    ending = _Ending()
    if sys._getframe(1).f_globals.get("__name__") == "__main__":  # a process of this command alone
        atexit.register(ending)  # before all others, so that it comes after them
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)
    from .main import status

    code = status()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, signal.SIG_IGN
        )  # all is written: what is left is the interpreter's own end
    ending.code = code
    sys.exit(code)
