"""The score that early stopping watches; lower is better.

With an exact negative phase, −log-likelihood a case, in nats. Otherwise log Z is unknown and free
energies of different parameters cannot be compared, so it is the mean squared error of E[v | E[h |
v]].
"""

from __future__ import annotations

from math import ceil

import numpy as np

from ..inference.shared_cases import shared
from ..language.diagnostics import fail
from ..language.model import Training
from .cases import Cases
from .machine_protocol import Array, Machine, State

SCORE_SHARE = 0.05
"""Share of the updates' work that validation scores may take unless `patience` watches them."""
UPDATES_A_CALL, UPDATES_A_BATCH = 4.0, 1 / 3
"""A guess at a score's cost in updates: of the call itself, and of as many cases as a minibatch
has.
"""


def reconstruction_error(machine: Machine, cases: Cases) -> float:
    """Weighted mean over the cases of the squared error of E[v | E[h | v]] an entry that was seen,
    of the first visible group.
    """
    return _mean(_errors(machine, cases.data), cases.weights)


def _errors(machine: Machine, data: State) -> Array:
    """Of every case that error, and whether something was seen of it: [cases, 2]."""
    first = next(g.name for g in machine.model.groups if g.role == "visible")
    count = len(data[first])
    wrong = (
        np.asarray(machine.reconstruct(data)).reshape(count, -1) - data[first].reshape(count, -1)
    ) ** 2
    if not np.isnan(wrong).any():
        return np.stack([wrong.mean(1), np.ones(count)], axis=1)
    seen = ~np.isnan(wrong)  # where nothing was seen, of this group alone, there is no error
    each = np.where(seen, wrong, 0).sum(1) / np.maximum(seen.sum(1), 1)
    return np.stack([each, seen.any(1)], axis=1)


def _mean(errors: Array, weights: Array) -> float:
    return float(np.average(errors[:, 0], weights=weights * errors[:, 1]))


def is_likelihood(machine: Machine, training: Training) -> bool:
    """Whether the score is −log-likelihood."""
    return (
        training.negative.name == "exact" and getattr(machine, "log_likelihood", None) is not None
    )


def score(machine: Machine, cases: Cases, training: Training) -> float:
    """Weighted mean over cases that `judged` has chosen, which ranks share: all call this."""
    likelihood = is_likelihood(machine, training)
    if not likelihood and not machine.reconstructs:
        raise fail(
            "BM753",
            f"`{machine.model.name}` cannot be scored on validation cases: it has neither a"
            " likelihood that is exact nor reconstructions",
            help="leave `validate` out",
        )

    def of_part(first: int, last: int) -> Array:
        data = {n: x[first:last] for n, x in cases.data.items()}
        if likelihood:
            return -np.asarray(machine.log_likelihood(data))  # type: ignore[attr-defined]  # looked for above
        return _errors(machine, data)

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
