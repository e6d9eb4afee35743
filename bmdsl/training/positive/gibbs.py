"""Positive phase by sampling the hidden (and missing visible) units with the observed
ones clamped.
"""

from __future__ import annotations

from dataclasses import replace

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import POSITIVE_START_STREAM, POSITIVE_STREAM
from ...schedule.builder import Phase
from ...schedule.routines.phases import sweep
from ...schedule.values import BATCH
from ..batch import Batch, Expectation
from ..composing import Composer
from ..machine_protocol import Machine

WORD = Word(
    "gibbs",
    (Option("steps", "integer", 5, low=1),),
    summary="hidden units sampled, the data clamped",
)


def expect(machine: Machine, choice: Choice, batch: Batch) -> Expectation:
    """One sampled row a case; an independent block is replaced by its means (Rao–Blackwell)."""
    state = machine.initial_state(batch.size, POSITIVE_START_STREAM, batch.update)
    rows = machine.sweep(
        state, int(choice["steps"]), batch.data, batch.update, POSITIVE_STREAM, keep=False
    )
    return Expectation(rows, batch.weights)


def compose(c: Composer, choice: Choice) -> Phase:
    """One sampled row a case; an independent block is replaced by its means."""
    state = c.start("posterior", POSITIVE_START_STREAM)
    phase = replace(c.data, rows=state)
    how = c.clamped(POSITIVE_STREAM, "data")
    return sweep(c.b, c.terms, phase, int(choice["steps"]), how, BATCH, keep=False)
