"""Text of others as it may be printed: no sign that a terminal obeys, none that hides another."""

from __future__ import annotations

import re

_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control signs but tab and line end, marks of the direction of writing, halves of surrogates."""


def printable(text: str) -> str:
    """The text with such a sign as its control picture (`␛`), or as `\N{REPLACEMENT CHARACTER}`:
    one for one, so that columns stay.
    """
    return _OBEYED.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"
