"""Half a cosine from the optimizer's rate to `to` times it (Loshchilov & Hutter 2017, without
restarts).
"""

from __future__ import annotations

from math import cos, pi

from ...language.model import Choice
from ...language.vocabulary import Option, Word

WORD = Word(
    "cosine",
    (Option("to", "number", 0.0, low=0),),
    summary="half a cosine to a fraction of the rate",
)


def factor(choice: Choice, update: int, total: int) -> float:
    """to + (1 − to)(1 + cos πt/T)/2."""
    to = float(choice["to"])
    return to + (1 - to) * (1 + cos(pi * min(update / max(total, 1), 1.0))) / 2
