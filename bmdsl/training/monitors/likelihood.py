"""Log-likelihood of validation cases (else of training cases) as training goes on, in nats: log Z by a small annealed importance sampling run.

A guide, not a result: `bm eval --likelihood` has the number with its errors. It costs at most about a quarter of the training, so that machines on
few cases are looked at once in several epochs.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from ...inference import importance
from ...inference.bound import minus_free_energy
from ...inference.enumeration import summed_at_once
from ...language.vocabulary import Word
from ..health import Finding, Look

WORD = Word("likelihood", summary="log-likelihood, or its bound, by a small AIS run")

CHAINS, STEPS = 64, 100
SHARE, CALL = 0.25, 2e7
"""Share of an epoch's work that a look may cost, and the operations that one sweep or phase costs however small the machine."""

WORD = Word("likelihood", summary="log-likelihood, or its bound, by a small AIS run")


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`log_likelihood`, or `bound` where −F(v) is mean field's; nothing for models with experts, or with given groups, whose Z is another for every case."""
    machine = at.machine
    if machine.given or at.training.objective is not None or machine.program.plan.experts:
        return Finding()  # a path from independent units to experts is long: too long for a small run
    every, done = _every(at), at.epoch + 1
    if done % every and (done != at.training.epochs or done < every):
        return Finding()
    cases, weights = (at.watched, at.weights) if at.held is None else (at.held, at.held_weights)
    means = importance.base_means(machine, at.watched)
    log_z = importance.estimate(machine, means, CHAINS, STEPS, "linear", reverse=False)
    name = "log_likelihood" if summed_at_once(machine.program, machine.hidden) else "bound"
    return Finding({name: float(np.average(minus_free_energy(machine, cases), weights=weights)) - log_z.value})


def _every(at: Look) -> int:
    """Epochs between two looks."""
    sweep = 4.0 * at.machine.program.plan.pairs_of_a_sweep
    cost, epoch = STEPS * (CALL + CHAINS * sweep), at.per_epoch * (3 * CALL + 1.5 * at.training.batch * sweep)
    return max(1, ceil(cost / (SHARE * epoch)))
