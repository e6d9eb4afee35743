"""Free energy of validation cases less that of training cases, in nats: log Z drops out, so it is
cheap, and grows with overfitting (Hinton 2010, 15.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...inference.likelihood import mean_error
from ...language.vocabulary import Word
from ..health import Finding, Look

WORD = Word(
    "free_energy_gap",
    summary="free energy of validation cases less that of training cases: overfitting",
)

SHARE = 0.02
"""Nats a visible unit from which on training cases are better known than validation cases."""


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`free_energy_gap`, by F where hidden units can be summed out, else by mean field's bound on
    it.
    """
    if at.held is None:
        return Finding()
    mean, error_of_train = mean_error(at.minus_free_energy, at.weights)
    mean_of_held, error_of_held = mean_error(at.held_minus_free_energy, at.held_weights)
    gap, error = mean - mean_of_held, float(np.hypot(error_of_train, error_of_held))
    units = sum(at.machine.program.sizes[n] for n in at.machine.visible)
    minds = (
        f"overfitting: validation cases lie {gap:.1f} nats above training cases"
        if gap > max(SHARE * units, 4 * error)
        else ""
    )
    return Finding({"free_energy_gap": gap}, minds)
