"""The modifiers of parameters: `fixed`, `symmetric`, `nonnegative`."""

from __future__ import annotations

import numpy as np

from .machine_protocol import Array, Machine


def trained(machine: Machine) -> dict[str, Array]:
    """The parameters an optimizer may move."""
    return {p.name: machine.params[p.name] for p in machine.model.parameters if not p.fixed}


def tie(machine: Machine, gradient: dict[str, Array]) -> None:
    """A symmetric parameter's gradient is that of its free entries, W_ij = W_ji: g + gᵀ, zero
    diagonal.
    """
    for p in machine.model.parameters:
        if p.symmetric:
            g = gradient[p.name]
            g += g.T.copy()
            np.fill_diagonal(g, 0)


def hold(machine: Machine) -> None:
    """Puts the parameters back where they must lie after a step, and tells the machine so."""
    machine.stepped = True
    for p in machine.model.parameters:
        if p.fixed:
            continue
        x = machine.params[p.name]
        if p.symmetric:
            x[...] = (x + x.T) / 2
            np.fill_diagonal(x, 0)
        if p.nonnegative:
            np.maximum(x, 0, out=x)
