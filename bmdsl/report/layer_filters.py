"""What the units of a hidden layer stand for in the visible units: their weights, or for higher
layers combinations of those of the layer below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..language.structure import layer_weights

if TYPE_CHECKING:
    from ..inference.machine import Machine

STRONGEST = 20
"""Connections to the layer below that a higher unit's filter is made of (Desjardins, Courville &
Bengio 2012, figure 2).
"""


def layer_filters(machine: Machine, visible: str) -> dict[str, np.ndarray]:
    """Hidden group → [units, size of `visible`], layer after layer; groups that no plain weights
    lead to are left out. Experts: their projections.

    First layer: its weights. Above: Σ over a unit's 20 strongest connections of weight · filter of
    the unit below (the paper's figures 2 and 3).
    """
    plan = machine.program.plan
    found: dict[str, np.ndarray] = {}
    for e, (matrix, _, _) in machine.held_fields().experts:
        if visible in e.groups:
            found["experts" if "experts" not in found else f"experts_{e.number}"] = matrix[
                :, e.begin[visible] :
            ][:, : plan.group(visible).size]
    rim = [visible]
    while rim:
        name = rim.pop(0)
        for c in plan.couplings_of(name):
            other = c.b if c.a == name else c.a
            if (
                c.direct is None
                or c.powers != (1, 1)
                or plan.group(other).role != "hidden"
                or other in found
                or other == visible
            ):
                continue
            matrix = c.scale * np.asarray(machine.params[c.direct], np.float64).reshape(
                plan.group(c.a).size, plan.group(c.b).size
            )
            weights = matrix.T if c.a == name else matrix
            found[other] = weights if name == visible else combined(weights, found[name])
            rim.append(other)
    return found


def combined(weights: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Every row's STRONGEST weights times the filters below: [units, size]."""
    kept = weights.copy()
    if weights.shape[1] > STRONGEST:
        weak = np.argpartition(-np.abs(weights), STRONGEST - 1, axis=1)[:, STRONGEST:]
        np.put_along_axis(kept, weak, 0.0, axis=1)
    return kept @ below


def largest(rows: np.ndarray, count: int) -> np.ndarray:
    """The `count` rows of largest norm, largest first."""
    return rows[np.argsort(-np.linalg.norm(rows, axis=1), kind="stable")[:count]]


def component_filters(machine: Machine, visible: str, most: int) -> tuple[str, np.ndarray] | None:
    """Where a one-of-K unit chooses among weights: the hidden group, and as many filters of each
    component, one component after another.
    """
    plan = machine.program.plan
    for t in plan.tensors:
        picked = [n for n in t.groups if plan.is_one_unit(n)]
        others = [n for n in t.groups if n not in (visible, *picked)]
        if (
            visible in t.groups
            and len(picked) == 1
            and len(others) == 1
            and plan.group(others[0]).role == "hidden"
        ):
            whole = t.scale * np.asarray(machine.params[t.parameter]).reshape(
                [machine.program.sizes[n] for n in t.groups]
            )
            parts = np.moveaxis(
                whole, [t.groups.index(n) for n in (picked[0], others[0], visible)], (0, 1, 2)
            )
            return others[0], np.concatenate(
                [largest(part, max(1, most // len(parts))) for part in parts[:most]]
            )
    return None


def shared_filters(
    machine: Machine, visible: str
) -> tuple[str, np.ndarray, tuple[int, ...]] | None:
    """Where a hidden group is a convolution of an image: the group, its filters [count, size], and
    a filter's shape, (x, y) or in colour (3, x, y).
    """
    plan = machine.program.plan
    for t in plan.contractions:
        if not t.is_convolution or visible not in t.groups:
            continue
        term = plan.model.terms[t.term]
        seen, other = sorted(term.units, key=lambda u: u.group != visible)
        letters = [s.letter for s in term.parameters[0].subscripts]
        kinds = [x for x in letters if x in [s.letter for s in other.subscripts]]
        channels = [x for x in letters if x in [s.letter for s in seen.subscripts]]
        places = [x for x in letters if x not in (*kinds, *channels)]
        w = np.asarray(machine.params[term.parameters[0].parameter], np.float64)
        length = dict(zip(letters, w.shape, strict=True))
        colours = int(np.prod([length[x] for x in channels]))
        if None not in letters and len(places) == 2 and colours in (1, 3):
            rows = w.transpose([letters.index(x) for x in (*kinds, *channels, *places)])
            shape = tuple(length[x] for x in places)
            return (
                other.group,
                t.scale * rows.reshape(-1, colours * int(np.prod(shape))),
                (3, *shape) if colours == 3 else shape,
            )
    return None


def weight_norms(machine: Machine) -> Mapping[str, np.ndarray]:
    """Parameter → the norms of the weight vectors that a layer's units get from the layer below."""
    found = layer_weights(machine.model)
    return {
        n: np.sqrt((np.asarray(machine.params[n], np.float64) ** 2).sum(axis=x.axes)).ravel()
        for n, x in found.items()
    }
