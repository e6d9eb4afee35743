"""Max-norm constraint (Srebro & Shraibman 2005): after a step, columns (all axes but the last) longer than `norm` are scaled back."""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ..machine_protocol import Machine

WORD = Word(
    "maxnorm",
    (Option("parameter", "parameter", required=True), Option("norm", "number", required=True, low=0, open_low=True)),
    summary="columns no longer than a bound",
    repeated=True,
)


def project(machine: Machine, choice: Choice) -> None:
    """w_j ← w_j · min(1, norm / |w_j|). A parameter of one axis is one column."""
    w = machine.params[str(choice["parameter"])]
    axes = tuple(range(w.ndim - 1)) if w.ndim > 1 else None
    length = np.sqrt((w.astype(np.float64) ** 2).sum(axis=axes, keepdims=w.ndim > 0))
    bound = float(choice["norm"])
    w *= np.where(length > bound, bound / np.maximum(length, bound), 1.0).astype(w.dtype)
