"""The lines of a text file, plain or gzipped, within a bound that no alignment or table of this use
passes.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ..language.diagnostics import fail

MAX_BYTES = 1 << 32
"""Most bytes of text, unpacked: a small archive can hold any number of zeros."""


def read_text(path: Path, what: str, encoding: str = "utf-8-sig") -> str:
    """The whole text. Raises BM703 if it is no text, damaged, or more than MAX_BYTES unpacked."""
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise fail("BM703", f"`{path}` holds more than {MAX_BYTES >> 30} GiB of text")
        return content.decode(encoding)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise fail("BM703", f"`{path}` is no {what}: {problem}") from None
