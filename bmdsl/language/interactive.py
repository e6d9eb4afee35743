"""An error of the user's text or data where somebody types: the line of theirs that led to it, and
the diagnostic, without the frames in between.
"""

from __future__ import annotations

import linecache
import sys
from types import TracebackType

RED, PLAIN = "\x1b[31;1m", "\x1b[0m"
OWN = __name__.partition(".")[0]
NOTEBOOK = ("IPython", "ipykernel")


def lines_of(text: str, traceback: TracebackType | None) -> list[str]:
    """The rendered diagnostics with heads in red, after the user's own line."""
    called = last_own_line(traceback)
    heads = [
        f"{RED}{line}{PLAIN}" if line.startswith(("error[", "warning[")) else line
        for line in text.splitlines()
    ]
    return [*([called] if called else []), *heads]


def last_own_line(traceback: TracebackType | None) -> str:
    """`line 3:  machine.train(x)`: the last line outside this package; empty where its text is not
    known.
    """
    found = ""
    while traceback is not None:
        frame = traceback.tb_frame
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if root == OWN:
            break
        if root in NOTEBOOK or "site-packages" in frame.f_code.co_filename:
            traceback = traceback.tb_next
            continue
        text = linecache.getline(frame.f_code.co_filename, traceback.tb_lineno).strip()
        text = "" if text.startswith("get_ipython()") else text  # a cell's magic, rewritten
        found = f"line {traceback.tb_lineno}:  {text}" if text else ""
        traceback = traceback.tb_next
    return found


def install(ours: type[BaseException]) -> None:
    """At Python's own prompt: errors of this type are shown in short, all others as before."""
    before = sys.excepthook

    def hook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ours):
            print("\n".join(lines_of(str(error), traceback)), file=sys.stderr)
        else:
            before(kind, error, traceback)

    sys.excepthook = hook
