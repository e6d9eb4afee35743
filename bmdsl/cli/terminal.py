"""What reaches the terminal: texts of others may hold signs that it obeys, so none passes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from ..language.printable import printable


class Guarded:
    """A stream whose texts are printable; all else is that of the stream below."""

    def __init__(self, inner: TextIO) -> None:
        self._below = inner
        self.rich_proxied_file = inner
        """Where rich writes, whose styles are signs that a terminal obeys: its texts are made
        printable before they get them.
        """

    def write(self, text: str) -> int:
        self._below.write(printable(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Standard output and errors guarded inside."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (Guarded(x) for x in before)  # type: ignore[assignment]  # as good as text streams
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def to_terminal(text: str) -> None:
    """Writes our own signs, as those that clear a line, to the errors' stream as they are."""
    terminal = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    print(text, end="", file=terminal, flush=True)
