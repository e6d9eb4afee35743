"""All states of units and groups, with the weights that make sums over them those of a domain."""

from __future__ import annotations

import math

import numpy as np

from bmdsl.plan.plan import Plan
from bmdsl.units.interface import UnitType

Array = np.ndarray


def unit_nodes(
    unit: type[UnitType],
    arguments: tuple[float, ...],
    states: int | None,
    width: float = 8.0,
    count: int = 48,
) -> tuple[Array, Array]:
    """A unit's states, [n] or [n, states], and the weights by which a sum over them is that over
    its domain (an integral where it is real).
    """
    support = unit.support(states) if unit.states is not None else unit.support(*arguments)
    if support is not None:
        return np.asarray(support, float), np.ones(len(support))
    if unit.components is not None:
        angles = 2 * np.pi * np.arange(24) / 24
        return np.stack([np.cos(angles), np.sin(angles)], axis=1), np.full(24, 2 * np.pi / 24)
    low, high = (0.0, arguments[0]) if unit.name == "exponential" else unit.ends(*arguments)
    if unit.name in ("poisson", "nrelu"):
        return np.arange(24.0), np.ones(24)
    low = 0.0 if 0 <= low < 0.01 else low
    scale = arguments[0] if "sigma" in [o.name for o in unit.options] else 1.0
    low, high = max(low, -width * scale), min(high, width * scale)
    at, weights = np.polynomial.legendre.leggauss(count)
    return low + (high - low) * (at + 1) / 2, weights * (high - low) / 2


def joint_nodes(
    plan: Plan, groups: tuple[str, ...], limit: int = 40_000
) -> tuple[dict[str, Array], Array]:
    """All joint states of groups, [n, *axes] each, and their weights."""
    single = []
    for name in groups:
        g = plan.group(name)
        axes = tuple(int(n) for n in g.axes)
        per = int(g.states) if g.states is not None else 1
        single += [
            (name, *unit_nodes(g.unit, g.arguments, per if g.states is not None else None))
        ] * (math.prod(axes) // per)
    sizes = [len(w) for _, _, w in single]
    if math.prod(sizes) > limit:
        raise OverflowError(f"{math.prod(sizes)} joint states")
    index = np.indices(sizes).reshape(len(sizes), -1) if sizes else np.zeros((0, 1), int)
    weights = np.ones(index.shape[1])
    columns: dict[str, list[Array]] = {name: [] for name in groups}
    for k, (name, states, w) in enumerate(single):
        weights *= w[index[k]]
        columns[name].append(states[index[k]].reshape(index.shape[1], -1))
    return {
        name: (
            np.concatenate(c, axis=1).reshape(
                index.shape[1], *(int(n) for n in plan.group(name).axes)
            )
        )
        for name, c in columns.items()
    }, weights
