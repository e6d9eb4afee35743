"""Positive phase by summing the hidden units out: Σ_h P(h | v) ∂(−E)/∂θ, no sampling noise."""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import BmError, fail
from ...language.model import Choice
from ...language.vocabulary import Word
from ...schedule.builder import Phase
from ...schedule.routines.by_state import enumerated_unit, posterior_by_state, takes_states
from ...schedule.routines.conditionals import conditional_means
from ...schedule.routines.enumerating import enumerable, enumerated
from ...schedule.values import BATCH
from ..batch import Batch, Expectation
from ..composing import Composer
from ..machine_protocol import Machine

WORD = Word("exact", summary="hidden units summed out exactly")


def expect(machine: Machine, choice: Choice, batch: Batch) -> Expectation:
    """Exact posterior rows, each weighted by its case. BmError where a visible value is missing."""
    if batch.missing:
        raise _has_gaps(choice)
    rows, weights = machine.posterior_rows(batch.data)
    per_case = len(weights) // batch.size
    return Expectation(rows, weights * np.repeat(batch.weights, per_case))


def _has_gaps(choice: Choice) -> BmError:
    """What is wrong if a visible value is missing."""
    return fail(
        "BM752",
        "the data has missing values, which `positive exact` does not sum over",
        choice.span,
        help="use `positive gibbs(steps = 5)`",
    )


def compose(c: Composer, choice: Choice) -> Phase:
    """Means of the hidden groups if their posterior is a product, else one given a single one-of-K
    unit or all states of some groups.

    Raises BM752 if visible values are missing.
    """
    if c.missing:
        raise _has_gaps(choice)
    chosen = enumerable(c.b.plan, c.hidden)
    if not chosen:
        return conditional_means(c.b, c.terms, c.hidden, c.data, BATCH)
    unit = enumerated_unit(c.b, c.hidden)
    others = tuple(n for n in c.hidden if n != unit)
    if unit is not None and (unit in c.terms.temperature or takes_states(c.terms, unit, others)):
        return posterior_by_state(c.b, c.terms, c.data, unit, others, BATCH)
    weights = c.row_weights(c.data)
    rest = tuple(n for n in c.hidden if n not in chosen)
    return enumerated(c.b, c.terms, c.data, weights, c.share_of_all, chosen, rest, "data")
