"""Sparse weights: penalty λ Σ |W|, by its subgradient −λ sign(W) with sign(0) = 0.

The subgradient, not soft thresholding: a threshold needs the step size of each entry, which adam
and rmsprop do not share.
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...schedule.builder import Gradient, Phase
from ..batch import Expectation
from ..composing import Composer
from ..machine_protocol import Array, Machine

WORD = Word(
    "l1",
    (
        Option("parameter", "parameter", required=True),
        Option("strength", "number", required=True, low=0),
    ),
    summary="λ Σ |W|",
    repeated=True,
)


def add_gradient(
    machine: Machine, choice: Choice, gradient: dict[str, Array], positive: Expectation
) -> None:
    """g ← g − λ sign(W)."""
    name = str(choice["parameter"])
    w = machine.params[name]
    gradient[name] -= w.dtype.type(float(choice["strength"])) * np.sign(w)


def compose(c: Composer, choice: Choice, gradient: Gradient, positive: Phase, place: int) -> None:
    """g ← g − λ sign(W)."""
    name = str(choice["parameter"])
    c.b.do("subtract_signs", c.b.params[name], float(choice["strength"]), gradient[name])
