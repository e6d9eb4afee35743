"""1/t decay, the Robbins–Monro condition that stochastic approximation converges under (Younes
1989).
"""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Option, Word

WORD = Word(
    "inverse",
    (Option("tau", "number", required=True, low=0, open_low=True),),
    summary="rate / (1 + t/tau)",
)


def factor(choice: Choice, update: int, total: int) -> float:
    """1 / (1 + t/τ)."""
    return 1.0 / (1.0 + update / float(choice["tau"]))
