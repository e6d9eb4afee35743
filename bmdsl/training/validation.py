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


def score(machine: Machine, held: Cases, training: Training) -> float:
    """Weighted mean over the cases without missing values."""
    whole = np.logical_and.reduce([~np.isnan(x.reshape(len(x), -1).astype(np.float64)).any(1) for x in held.data.values()])
    if not whole.any():
        raise fail("BM751", "every validation case has a missing value", help="give whole cases as `validation`")
    cases = held.take(np.flatnonzero(whole))
    likelihood = getattr(machine, "log_likelihood", None)
    if training.negative.name == "exact" and likelihood is not None:
        each = -np.asarray(likelihood(cases.data))
    else:
        first = next(g.name for g in machine.model.groups if g.role == "visible")
        wrong = np.asarray(machine.reconstruct(cases.data)).reshape(len(cases), -1) - cases.data[first].reshape(len(cases), -1)
        each = (wrong**2).mean(1)
    return float(np.average(each, weights=cases.weights))
