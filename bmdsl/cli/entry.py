"""The `bm` command's first lines: from here on a signal ends the process without a traceback."""

from __future__ import annotations

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


def main() -> None:
    """Exit 0 done, 1 the model or data is wrong, 2 usage, 70 our own bug, 130 or 143 stopped by
    SIGINT or SIGTERM.
    """
    gc.set_threshold(GARBAGE)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)
    from .main import status

    code = status()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, signal.SIG_IGN
        )  # all is written: what is left is the interpreter's own end
    sys.exit(code)
