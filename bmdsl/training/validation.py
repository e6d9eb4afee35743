"""The score that early stopping watches; lower is better.

With an exact negative phase, −log-likelihood a case, in nats. Otherwise log Z is unknown and free energies of different parameters
cannot be compared, so it is the mean squared error of E[v | E[h | v]].
"""

from __future__ import annotations

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Training
from .cases import Cases
from .machine_protocol import Machine


def reconstruction_error(machine: Machine, cases: Cases) -> float:
    """Weighted mean over the cases of the squared error of E[v | E[h | v]] an entry, of the first visible group."""
    first = next(g.name for g in machine.model.groups if g.role == "visible")
    wrong = np.asarray(machine.reconstruct(cases.data)).reshape(len(cases), -1) - cases.data[first].reshape(len(cases), -1)
    return float(np.average((wrong**2).mean(1), weights=cases.weights))


def score(machine: Machine, held: Cases, training: Training) -> float:
    """Weighted mean over the cases without missing values."""
    cases = held.whole()
    if not len(cases):
        raise fail("BM751", "every validation case has a missing value", help="give whole cases as `validation`")
    likelihood = getattr(machine, "log_likelihood", None)
    if training.negative.name == "exact" and likelihood is not None:
        return float(np.average(-np.asarray(likelihood(cases.data)), weights=cases.weights))
    if not machine.reconstructs:
        raise fail("BM753", f"`{machine.model.name}` cannot be scored on validation cases: it has neither a likelihood that is exact nor reconstructions",
                   help="leave `validate` out")  # fmt: skip
    return reconstruction_error(machine, cases)
