"""Whether real units are as wide as their model says, given the rest.

Their conditional standard deviation stands beside how far the data lie from the conditional mean:
at the maximum of the likelihood over sigma the two are equal. A sigma far too wide hides the
structure of the data: a unit's spread is then taken for noise, and no weight pays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...inference.correlations import unexplained
from ...language.vocabulary import Word
from ...runtime.domain import is_real
from ..health import Finding, Look

WORD = Word("spread", summary="width of real units beside that of the data about their means")

TINY = 1e-30
APART = 2.0
"""Ratio of the two standard deviations, of most units, that is worth a word."""
MAX_REGRESSED = 1000
"""Units up to which each is regressed on all others, once: a tenth of a second."""


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`width_v`: median over a group's units of the model's conditional deviation over the data's.

    The data's is the smaller one of those about the model's conditional mean and about a
    regression on the other units.
    """
    machine, program = at.machine, at.machine.program
    real = [n for n in machine.visible if is_real(program.plan.group(n)) and not program.meets(n)]
    if not real:
        return Finding()
    rows, weights = at.posterior
    figures: dict[str, float] = {}
    minds = []
    for name in real:
        if name not in memory:
            memory[name] = (
                unexplained(at.watched[name])
                if program.sizes[name] <= MAX_REGRESSED
                else at.watched[name].std(0)
            )
        varied = memory[name] > 0
        if not varied.any():
            continue
        eta = program.field(machine.held_fields(), name, rows)
        mean = program.mean(name, eta).astype(np.float64)
        wide = np.sqrt(
            np.average(program.mean_square(name, eta) - mean**2, axis=0, weights=weights)
        )
        off = np.sqrt(np.average((rows[name] - mean) ** 2, axis=0, weights=weights))
        ratio = wide[varied] / np.minimum(off, memory[name])[varied].clip(np.finfo(np.float32).tiny)
        figures[f"width_{name}"] = typical = float(np.median(ratio))
        if typical > APART or typical < 1 / APART:
            what, times = ("wide", typical) if typical > 1 else ("narrow", 1 / max(typical, TINY))
            minds.append(
                f"{name} is too {what} for the data, about {times:.2g} times (its sigma, or what"
                f" the energy has in {name}^2)"
            )
    return Finding(figures, "; ".join(minds))
