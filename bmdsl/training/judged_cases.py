"""Training cases apart from those of validation, and which of these a score rests on where some
have missing values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..inference.observed_scores import is_worth, nothing_seen, summed_bits
from ..inference.phases import Phases
from ..inference.reconstruction_errors import unseen_needed
from ..language.diagnostics import counted, fail
from ..language.model import Training
from ..runtime.missing import patterns
from .cases import Cases
from .machine_protocol import Array, Machine
from .streamed_cases import StreamedCases

POSTERIOR_BITS = 10.0
"""log2 of the states a case up to which a posterior sums missing units out, else by mean field."""


class Judged(NamedTuple):
    """The cases, and what is to be said of those with missing values."""

    cases: Cases
    note: str = ""


def judged(machine: Machine, held: Cases, likelihood: bool) -> Judged:
    """Cases as they are where missing units can be summed out, else those without any.

    `likelihood`: whether the score is that, else a reconstruction error. BmError BM751 where no
    case is left.
    """
    missing = held.missing()
    if not missing.any():
        return Judged(held)
    usable = _usable(machine, held, missing, likelihood)
    gaps = counted(int(missing.sum()), "validation case")
    verb = "has" if missing.sum() == 1 else "have"
    if usable[missing].all():
        return Judged(held, f"{gaps} {verb} missing values: the score is of what was seen")
    if not missing.all():
        left = counted(int((~missing).sum()), "case")
        why = f"{gaps} {verb} missing values, not all of which can be summed out exactly"
        return Judged(held.whole(), f"validation scores are those of {left} without gaps: {why}")
    if not usable.any() and not likelihood and not unseen_needed(machine, held.data):
        return Judged(
            held,
            f"{gaps} {verb} missing values, more than can be summed out: scores take mean field's"
            " means for them",
        )
    if not usable.any():
        raise fail(
            "BM751",
            "every validation case has a missing value, none of which is summed out exactly",
            help="give whole cases as `validation`",
        )
    left = counted(int(usable.sum()), "case")
    why = "all have missing values, which can be summed out of these alone"
    return Judged(
        held.take(np.flatnonzero(usable)), f"validation scores are those of {left}: {why}"
    )


def _usable(machine: Machine, held: Cases, missing: Array, likelihood: bool) -> Array:
    """Cases with a score of what was seen: [cases], bool."""
    out = ~missing
    if not isinstance(machine, Phases):
        return out
    if not likelihood and unseen_needed(machine, held.data):
        return out
    program = machine.program
    rows = np.flatnonzero(missing)
    state = {n: program.flat(n, np.asarray(x[rows])) for n, x in held.data.items()}
    empty = nothing_seen(machine, state)
    for p in patterns(state):
        bits = summed_bits(machine, p.columns, machine.hidden)
        fine = is_worth(machine, bits, len(held)) if likelihood else bits <= POSTERIOR_BITS
        out[rows[p.cases]] = fine & ~empty[p.cases]
    return out


def divided(
    data: Mapping[str, Array] | StreamedCases,
    training: Training,
    weights: Array | None,
    validation: Mapping[str, Array] | None,
) -> tuple[Cases | StreamedCases, Cases | None, list[str]]:
    """Training and validation cases, and what is to be said of them."""
    given = None if validation is None else Cases.of(validation, None)
    if isinstance(data, StreamedCases):
        held, notes = data.held() if given is None else (given, [])
        return data, held, notes
    cases = Cases.of(data, weights)
    if given is not None:
        return cases, given, []
    return *cases.split(training.validate, training.seed), []
