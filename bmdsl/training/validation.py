"""The score that early stopping watches; lower is better.

With an exact negative phase, −log-likelihood a case, in nats. Otherwise log Z is unknown and free
energies of different parameters cannot be compared, so it is the mean squared error of E[v | E[h |
v]] over all visible groups, those of several in units of their variance.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from ..inference.reconstruction_errors import spreads, squared_errors
from ..inference.shared_cases import shared
from ..language.diagnostics import fail
from ..language.model import Training
from .cases import Cases
from .machine_protocol import Array, Machine

SCORE_SHARE = 0.025
"""Share of the updates' work that validation scores may take unless `patience` watches them: half
of what looks may take by default, who leave it to them.
"""
UPDATES_A_CALL, UPDATES_A_BATCH = 6.0, 1 / 3
"""A guess at a score's cost in updates: of the call itself, and of as many cases as a minibatch
has.
"""


def reconstruction_error(machine: Machine, cases: Cases) -> float:
    """Weighted mean over the cases of the squared error of E[v | E[h | v]] a unit that was seen, of
    all visible groups; of several, each by the variance of its entries.
    """
    errors = squared_errors(machine, cases.data, spreads(machine, cases.data))
    return _mean(errors, cases.weights)


def _mean(errors: Array, weights: Array) -> float:
    return float(np.average(errors[:, 0], weights=weights * errors[:, 1]))


def is_likelihood(machine: Machine, training: Training) -> bool:
    """Whether the score is −log-likelihood."""
    return (
        training.negative.name == "exact" and getattr(machine, "log_likelihood", None) is not None
    )


def score_name(machine: Machine, training: Training) -> str:
    """What the score is, in words."""
    return "-log P in nats" if is_likelihood(machine, training) else "squared error"


def score(machine: Machine, cases: Cases, training: Training) -> float:
    """Weighted mean over cases that `judged` has chosen, which ranks share: all call this."""
    likelihood = is_likelihood(machine, training)
    if not likelihood and not machine.reconstructed:
        raise fail(
            "BM753",
            f"`{machine.model.name}` cannot be scored on validation cases: it has neither a"
            " likelihood that is exact nor reconstructions",
            help="leave `validate` out",
        )

    spread = {} if likelihood else spreads(machine, cases.data)

    def of_part(first: int, last: int) -> Array:
        data = {n: x[first:last] for n, x in cases.data.items()}
        if likelihood:
            return -np.asarray(machine.log_likelihood(data))  # type: ignore[attr-defined]  # looked for above
        return squared_errors(machine, data, spread)

    found = shared(of_part, len(cases))
    return (
        float(np.average(found, weights=cases.weights))
        if likelihood
        else _mean(found, cases.weights)
    )


def epochs_between_scores(cases: int, batch: int, per_epoch: int) -> int:
    """So many that scores of so many cases take SCORE_SHARE of the work.

    By counting: the best parameters are those of a scored epoch.
    """
    cost = UPDATES_A_CALL + UPDATES_A_BATCH * cases / batch
    return max(1, ceil(cost / (SCORE_SHARE * per_epoch)))


def share_beside_scores(share: float) -> float:
    """What looks may take of a training's time where scores take SCORE_SHARE of it, at least half
    of their share.
    """
    return share if share >= 1 else max(share - SCORE_SHARE, share / 2)
