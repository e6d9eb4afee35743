"""Log-likelihood of validation cases (else of training cases) as training goes on, in nats: log Z
by a small annealed importance sampling run.

A guide, not a result: `bm eval --likelihood` has the number with its errors. It is much dearer than
other monitors, so it has an account of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...inference import importance
from ...inference.phases import Phases
from ...language.model import Training
from ...language.vocabulary import Word
from ..health import Finding, Look

WORD = Word("likelihood", summary="log-likelihood, or its bound, by a small AIS run")

CHAINS, STEPS = 64, 100
CALL = 5e4
"""Operations that a phase of an update costs however small the machine is."""
LOOK = 2e8
"""Operations that a look costs however small the machine is."""


def updates(machine: Phases, training: Training) -> float:
    """A guess at a look's cost, in updates: those with most of their work in sweeps, a look's being
    STEPS sweeps of CHAINS chains.
    """
    sweep = 4.0 * machine.program.plan.pairs_of_a_sweep
    return (LOOK + STEPS * CHAINS * sweep) / (3 * CALL + 1.5 * training.batch * sweep)


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`log_likelihood`, or `bound` where −F(v) is mean field's; nothing for models with experts, or
    with given groups, whose Z is another for every case.
    """
    machine = at.machine
    if machine.given or at.training.objective is not None or machine.program.plan.experts:
        return (
            Finding()
        )  # a path from independent units to experts is long: too long for a small run
    weights, minus_f = (
        (at.weights, at.minus_free_energy)
        if at.held is None
        else (at.held_weights, at.held_minus_free_energy)
    )
    means = importance.base_means(machine, at.watched)
    log_z = importance.estimate(machine, means, CHAINS, STEPS, "linear", reverse=False)
    return Finding(
        {
            "log_likelihood" if at.summed else "bound": (
                float(np.average(minus_f, weights=weights)) - log_z.value
            )
        }
    )
