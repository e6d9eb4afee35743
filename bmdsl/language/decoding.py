"""Files of others: whatever a library raises on one that is damaged becomes a diagnostic, and none
takes memory without bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .diagnostics import BmError, fail
from .source import Span

MAX_JSON_BYTES = 1 << 28
"""Of a run's files: the largest lists each of thousands of shards."""
MAX_NOTE = 200
"""Characters of a library's own words that are shown."""


@contextmanager
def decoding(
    code: str, message: str, span: Span | None = None, *, help: str = ""
) -> Iterator[None]:
    """Around the whole of what decodes a file: BmError of this code and message for any exception
    inside, with the library's words as a note; a BmError passes as it is.

    Libraries raise what they like on damaged files (a dozen types for `.npy` alone), so that a list
    of types is never complete.
    """
    try:
        yield
    except BmError:
        raise
    except MemoryError:
        note = "it needs more memory than there is"
        raise fail(code, message, span, help=help, note=note) from None
    except Exception as error:
        raise fail(code, message, span, help=help, note=words_of(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # which a library in Rust derives from this
            raise
        raise fail(code, message, span, help=help, note=words_of(error)) from error


def json_of(text: str | bytes) -> Any:
    """What a file's JSON says. ValueError if it is none, or nested deeper than Python follows."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def json_in(path: Path) -> Any:
    """What a file of JSON says. ValueError where it is none, or larger than MAX_JSON_BYTES."""
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ValueError("it is too large")
    return json_of(path.read_text(encoding="utf-8"))


def words_of(error: BaseException) -> str:
    """The first line of what an exception says, else its name."""
    text = getattr(error, "strerror", None) or str(error)
    line = next((x.strip() for x in str(text).splitlines() if x.strip()), "")
    return line[:MAX_NOTE] or type(error).__name__
