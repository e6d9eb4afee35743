"""The conditional mean of a single unit by brute force, everything else fixed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import logsumexp

from ..language.model import Model
from .nodes import Nodes, base_of
from .panels import FINE, counted, first_panels, fitted, gauss
from .unit_groups import UnitGroup
from .written import written_energy

Array = np.ndarray


def unit_mean(
    model: Model,
    nodes: Nodes,
    params: Mapping[str, Array],
    case: Mapping[str, Array],
    g: UnitGroup,
    unit: tuple[int, ...],
) -> Array:
    """E[x | all other units] of one unit of a group, as a number or [K], from the energies of its
    states; `case` holds every group, [1, *axes].
    """
    moved = [
        t for t in model.terms if any(u.group == g.name for u in t.units) or t.expert is not None
    ]

    def energies(x: Array) -> Array:
        states: dict[str, Array] = {
            n: np.repeat(v, len(x), axis=0) if n == g.name else v for n, v in case.items()
        }
        own: tuple[slice | int, ...] = (slice(None), *unit)
        states[g.name][own] = x
        return written_energy(model, params, moved, states)

    def density(x: Array) -> Array:
        return (base_of(g.unit, x, g.arguments) - energies(x))[:, None]

    x, log_weights = nodes.states, nodes.log_weights
    if nodes.kind == "counts":
        x = counted(density)
        log_weights = base_of(g.unit, x, g.arguments)
    elif nodes.kind in ("line", "interval"):
        panels = fitted(
            density, first_panels(nodes.low, nodes.high, nodes.width), nodes.low, nodes.high
        )
        x, log_weights = gauss(panels, FINE)
        log_weights = log_weights + base_of(g.unit, x, g.arguments)
    w = log_weights - energies(x)
    return np.asarray(np.exp(w - logsumexp(w)) @ x)
