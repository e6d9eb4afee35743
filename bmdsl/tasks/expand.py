"""A text with its sugar written out: what `bm expand` does."""

from __future__ import annotations

from ..language.format import format
from ..language.parse import parse
from ..language.sugar import expand
from ..model import read_source


def expanded(path: str) -> str:
    """The text of a file, or of a shipped model, with `layers` and `bias` written out."""
    return format(expand(parse(read_source(path)[0])))
