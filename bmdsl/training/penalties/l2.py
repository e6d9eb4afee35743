"""Weight decay: the penalty λ Σ W² is taken off the mean log-likelihood, so the gradient gets −2 λ
W.
"""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...schedule.builder import Gradient, Phase
from ..batch import Expectation
from ..composing import Composer
from ..machine_protocol import Array, Machine

WORD = Word(
    "l2",
    (
        Option("parameter", "parameter", required=True),
        Option("strength", "number", required=True, low=0),
    ),
    summary="λ Σ W²",
    repeated=True,
)


def add_gradient(
    machine: Machine, choice: Choice, gradient: dict[str, Array], positive: Expectation
) -> None:
    """g ← g − 2 λ W."""
    name = str(choice["parameter"])
    w = machine.params[name]
    gradient[name] -= w.dtype.type(2 * float(choice["strength"])) * w


def compose(c: Composer, choice: Choice, gradient: Gradient, positive: Phase, place: int) -> None:
    """g ← g − 2 λ W."""
    name = str(choice["parameter"])
    c.b.do("add_scaled", c.b.params[name], -2 * float(choice["strength"]), gradient[name])
