"""The score that early stopping watches; lower is better.

With an exact negative phase, −log-likelihood a case, in nats. Otherwise log Z is unknown and free
energies of different parameters cannot be compared, so it is the mean squared error of E[v | E[h |
v]].
"""

from __future__ import annotations

from math import ceil

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Training
from .cases import Cases
from .machine_protocol import Machine

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
    first = next(g.name for g in machine.model.groups if g.role == "visible")
    wrong = (
        np.asarray(machine.reconstruct(cases.data)).reshape(len(cases), -1)
        - cases.data[first].reshape(len(cases), -1)
    ) ** 2
    if np.isnan(wrong).any():  # where nothing was seen, of this group alone, there is no error
        seen = ~np.isnan(wrong)
        each = np.where(seen, wrong, 0).sum(1) / np.maximum(seen.sum(1), 1)
        return float(np.average(each, weights=cases.weights * seen.any(1)))
    return float(np.average(wrong.mean(1), weights=cases.weights))


def is_likelihood(machine: Machine, training: Training) -> bool:
    """Whether the score is −log-likelihood."""
    return (
        training.negative.name == "exact" and getattr(machine, "log_likelihood", None) is not None
    )


def score(machine: Machine, cases: Cases, training: Training) -> float:
    """Weighted mean over cases that `judged` has chosen."""
    if is_likelihood(machine, training):
        found = machine.log_likelihood(cases.data)  # type: ignore[attr-defined]  # looked for above
        return float(np.average(-np.asarray(found), weights=cases.weights))
    if not machine.reconstructs:
        raise fail(
            "BM753",
            f"`{machine.model.name}` cannot be scored on validation cases: it has neither a"
            " likelihood that is exact nor reconstructions",
            help="leave `validate` out",
        )
    return reconstruction_error(machine, cases)


def epochs_between_scores(cases: int, batch: int, per_epoch: int) -> int:
    """So many that scores of so many cases take SCORE_SHARE of the work.

    By counting: the best parameters are those of a scored epoch.
    """
    cost = UPDATES_A_CALL + UPDATES_A_BATCH * cases / batch
    return max(1, ceil(cost / (SCORE_SHARE * per_epoch)))
