"""The lines of a text file, plain or gzipped."""

from __future__ import annotations

from pathlib import Path

from ..language.decoding import decoding
from .memory import read_bounded


def read_text(path: Path, what: str, encoding: str = "utf-8-sig") -> str:
    """The whole text. Raises BM703 if it is no text, or damaged, BM970 if it is too large."""
    with decoding("BM703", f"`{path}` is no {what}"):
        return read_bounded(path).decode(encoding)
