"""Positive phase by sampling the hidden (and missing visible) units with the observed ones clamped."""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ..batch import Batch, Expectation
from ..machine_protocol import POSITIVE_STREAM, START_STREAM, Machine

WORD = Word("gibbs", (Option("steps", "integer", 5, low=1),), summary="hidden units sampled, the data clamped")


def expect(machine: Machine, choice: Choice, batch: Batch) -> Expectation:
    """One sampled row a case; an independent block is replaced by its means (Rao–Blackwell)."""
    state = machine.initial_state(batch.size, START_STREAM, batch.update)
    rows = machine.sweep(state, int(choice["steps"]), batch.data, batch.update, POSITIVE_STREAM, keep=False)
    return Expectation(rows, batch.weights)
