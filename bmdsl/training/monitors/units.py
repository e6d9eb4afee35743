"""Hidden units that do nothing: their mean given the data hardly changes from case to case."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...language.vocabulary import Word
from ...runtime.domain import ends, span
from ..health import Finding, Look

WORD = Word("units", summary="hidden units that do nothing")

STILL, END, MANY = 0.01, 0.02, 0.5
"""Least spread of a unit's mean over the cases and nearness to an end of its domain, as shares of
it; share of the units that is worth a word.
"""


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`dead_h`: share of the units that stay where they are in the midst; `saturated_h`: of those
    that stay at an end, always on or always off.
    """
    machine, figures, minds = at.machine, {}, []
    rows, weights = at.posterior
    per = len(weights) // len(next(iter(at.watched.values())))
    means = {
        n: (
            rows[n]
            if per == 1
            else (rows[n] * weights[:, None]).reshape(-1, per, rows[n].shape[1]).sum(1)
        )
        for n in machine.hidden
    }
    for name, x in means.items():
        g = machine.program.plan.group(name)
        if g.states is not None:
            continue
        (low, high), width = ends(g), span(g)
        mean = np.average(x, axis=0, weights=at.weights)
        still = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=at.weights)) < STILL * width
        near = (np.abs(mean - low) < END * width) | (np.abs(mean - high) < END * width)
        figures[f"dead_{name}"], figures[f"saturated_{name}"] = (
            float((still & ~near).mean()),
            float((still & near).mean()),
        )
        for what in ("dead", "saturated"):
            if figures[f"{what}_{name}"] > MANY:
                minds.append(f"{100 * figures[f'{what}_{name}']:.0f} % of {name} {what}")
    return Finding(figures, ", ".join(minds))
