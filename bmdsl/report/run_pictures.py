"""The pictures that a training leaves in its run folder: filters.png, samples.png, curves.png, and the use of a mixture's components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .plots import curves, tiles, usage

if TYPE_CHECKING:
    from ..inference.machine import Machine

SHOWN = 100
"""Filters and samples in a picture."""
BUDGET = 2e10
"""Floating-point operations that samples.png may cost: seconds on one core."""


def write_pictures(machine: Machine, out: Path, images: Mapping[str, Sequence[int]], metrics: Sequence[Mapping[str, Any]],
                   chains: Mapping[str, np.ndarray]) -> tuple[Path, ...]:  # fmt: skip
    """Writes those pictures that make sense: filters and samples need visible units that form an image.

    Samples are the training's own persistent chains where it kept some: they have run for all of its updates, where fresh ones would
    have to find their way from the biases.
    """
    made = []
    shown = next((name for name in machine.visible if name in images), None)
    if shown is not None:
        found = filters(machine, shown)
        if found is not None:
            name, rows = found
            made.append(out / "filters.png")
            title = f"{machine.model.name}: weights of {len(rows)} units of {name}, the largest first"
            tiles(rows, images[shown], made[-1], title, diverging=True)
        if not any(g.role == "given" for g in machine.model.groups):
            title, rows = _kept(machine, shown, chains) if chains else samples(machine, shown)
            made.append(out / "samples.png")
            tiles(rows, images[shown], made[-1], f"{machine.model.name}: {title}", diverging=False)
    if metrics:
        made.append(out / "curves.png")
        curves(metrics, made[-1])
        for unit in (n.removeprefix("usage_") for n in metrics[-1] if n.startswith("usage_")):
            made.append(out / f"usage_{unit}.png")
            usage(metrics, unit, made[-1])
    return tuple(made)


def filters(machine: Machine, visible: str) -> tuple[str, np.ndarray] | None:
    """The first hidden group coupled to `visible` by one parameter, and its units' weights [units, size], largest norm first.

    Where a one-of-K unit chooses among such parameters: as many of each component, one component after another.
    """
    plan = machine.program.plan
    for c in plan.couplings_of(visible):
        other = c.b if c.a == visible else c.a
        if c.direct is None or plan.group(other).role != "hidden":
            continue
        matrix = c.scale * np.asarray(machine.params[c.direct], np.float64).reshape(plan.group(c.a).size, plan.group(c.b).size)
        rows = matrix.T if c.a == visible else matrix
        if plan.is_one_unit(other):
            return other, rows[:SHOWN]  # a state's own weights, in order
        return other, _largest(rows, SHOWN)
    for t in plan.tensors:
        picked = [n for n in t.groups if plan.is_one_unit(n)]
        others = [n for n in t.groups if n not in (visible, *picked)]
        if visible in t.groups and len(picked) == 1 and len(others) == 1 and plan.group(others[0]).role == "hidden":
            whole = t.scale * np.asarray(machine.params[t.parameter]).reshape([machine.program.sizes[n] for n in t.groups])
            parts = np.moveaxis(whole, [t.groups.index(n) for n in (picked[0], others[0], visible)], (0, 1, 2))
            each = max(1, SHOWN // len(parts))
            return f"{others[0]} in {len(parts[:SHOWN])} components", np.concatenate([_largest(part, each) for part in parts[:SHOWN]])
    return None


def _largest(rows: np.ndarray, count: int) -> np.ndarray:
    return rows[np.argsort(-np.linalg.norm(rows, axis=1), kind="stable")[:count]]


def _kept(machine: Machine, visible: str, chains: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray]:
    states = {n: machine.program.shaped(n, x[:SHOWN]) for n, x in chains.items()}
    rows = machine.conditional(visible, **states)
    return f"{len(rows)} persistent chains at the end of training", rows


def samples(machine: Machine, visible: str) -> tuple[str, np.ndarray]:
    """What they are, and E[visible | the rest] of fresh chains' last states: probabilities, which show more than draws."""
    pairs = sum(int(np.prod([machine.program.sizes[g] for g in (c.a, c.b)])) for c in machine.program.plan.couplings)
    pairs += sum(machine.program.sizes[g.name] ** 2 for g in machine.program.plan.groups if g.lateral)
    steps = int(np.clip(BUDGET / (4 * SHOWN * max(pairs, 1)), 20, 1000))
    states = machine.sample(SHOWN, steps=steps)
    return f"{SHOWN} samples after {steps:,} sweeps", machine.conditional(visible, **states)
