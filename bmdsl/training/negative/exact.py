"""Negative phase by enumeration: the model's exact expectation, for machines small enough."""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Word
from ..batch import Batch, Expectation
from ..conditions import refuse_given
from ..machine_protocol import Machine, State

WORD = Word("exact", summary="all states enumerated")


def start(machine: Machine, choice: Choice) -> State:
    """No chains to keep."""
    refuse_given(machine, choice)
    return {}


def expect(machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation) -> Expectation:
    """Rows and weights of the whole joint distribution."""
    return Expectation(*machine.model_rows())
