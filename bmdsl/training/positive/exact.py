"""Positive phase by summing the hidden units out: Σ_h P(h | v) ∂(−E)/∂θ, no sampling noise."""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.model import Choice
from ...language.vocabulary import Word
from ..batch import Batch, Expectation
from ..machine_protocol import Machine

WORD = Word("exact", summary="hidden units summed out exactly")


def expect(machine: Machine, choice: Choice, batch: Batch) -> Expectation:
    """Exact posterior rows, each weighted by its case. BmError where a visible value is missing."""
    if batch.missing:
        raise fail("BM752", "the data has missing values, which `positive exact` does not sum over", choice.span,
                   help="use `positive gibbs(steps = 5)`")  # fmt: skip
    rows, weights = machine.posterior_rows(batch.data)
    per_case = len(weights) // batch.size
    return Expectation(rows, weights * np.repeat(batch.weights, per_case))
