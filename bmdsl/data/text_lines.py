"""The lines of a text file, plain or gzipped."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from ..language.decoding import decoding
from .memory import read_bounded
from .notice import say

NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")
"""Bytes that no text in Windows-1252 has."""
WORD = re.compile(r"\w*[^\x00-\x7f]\w*")


def read_text(path: Path, what: str, encoding: str = "utf-8-sig") -> str:
    """The whole text. Raises BM703 if it is no text, or damaged, BM970 if it is too large."""
    with decoding("BM703", f"`{path}` is no {what}"):
        return read_bounded(path).decode(encoding)


def read_table_text(path: Path) -> str:
    """The text of a table: in UTF-8, or in UTF-16 if it begins so, as spreadsheets write it. What
    is neither is read as Windows-1252, which is told, if it can be such text.

    Raises BM703 if it is no text, BM970 if it is too large.
    """
    cure = "save it as UTF-8: spreadsheets call it `CSV UTF-8`"
    with decoding("BM703", f"`{path}` is no text file in UTF-8", help=cure):
        content = read_bounded(path)
        if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return content.decode("utf-16")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if NO_TEXT.search(content):
                raise
    text = content.decode("windows-1252")
    found = WORD.search(text)
    say(
        f"`{path.name}` is not in UTF-8 and is read as Windows-1252, so that it has"
        f" `{found[0] if found else ''}`: if that is wrong, save it as UTF-8"
    )
    return text
