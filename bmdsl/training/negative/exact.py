"""Negative phase by enumeration: the model's exact expectation, for machines small enough."""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Word
from ..batch import Batch, Expectation
from ..conditions import given_groups
from ..machine_protocol import Machine, State

WORD = Word("exact", summary="all states enumerated")


def start(machine: Machine, choice: Choice) -> State:
    """No chains to keep."""
    return {}


def expect(machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation) -> Expectation:
    """Rows and weights of the whole joint distribution; of one for each case where groups are given."""
    given = {n: batch.data[n] for n in given_groups(machine.model)}
    if not given:
        return Expectation(*machine.model_rows())
    rows, weights = machine.model_rows(given)
    each = len(weights) // batch.size  # as many rows for every case
    return Expectation(rows, weights * np.repeat(batch.weights, each))
