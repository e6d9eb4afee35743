"""The step size goes on a straight line from the optimizer's rate to `to` times it."""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Option, Word

WORD = Word(
    "linear",
    (Option("to", "number", 0.0, low=0),),
    summary="a straight line to a fraction of the rate",
)


def factor(choice: Choice, update: int, total: int) -> float:
    """1 + (to − 1) t/T."""
    return 1.0 + (float(choice["to"]) - 1.0) * min(update / max(total, 1), 1.0)
