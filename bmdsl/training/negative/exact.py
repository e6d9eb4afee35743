"""Negative phase by enumeration: the model's exact expectation, for machines small enough."""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Word
from ...schedule.builder import Phase
from ...schedule.routines.enumerating import enumerable, enumerated, one_weight
from ..batch import Batch, Expectation
from ..composing import Composer
from ..conditions import given_groups
from ..machine_protocol import Machine, State

WORD = Word("exact", summary="all states enumerated")


def start(machine: Machine, choice: Choice) -> State:
    """No chains to keep."""
    return {}


def expect(
    machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
) -> Expectation:
    """Rows and weights of the whole joint distribution; of one for each case where groups are
    given.
    """
    given = {n: batch.data[n] for n in given_groups(machine.model)}
    if not given:
        return Expectation(*machine.model_rows())
    rows, weights = machine.model_rows(given)
    each = len(weights) // batch.size  # as many rows for every case
    return Expectation(rows, weights * np.repeat(batch.weights, each))


def compose(c: Composer, choice: Choice, positive: Phase) -> Phase:
    """All joint states of some groups and means of the rest; for each case if groups are given."""
    free = (*c.visible, *c.hidden)
    chosen = enumerable(c.b.plan, free)
    rest = tuple(n for n in free if n not in chosen)
    given = {n: c.data.rows[n] for n in c.given}
    cases = Phase(given, c.data.share) if given else None
    weights = c.row_weights(c.data) if given else one_weight(c.b)
    return enumerated(c.b, c.terms, cases, weights, c.share_of_all, chosen, rest, "model")
