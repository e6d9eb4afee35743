"""A machine: its groups, and what its parameters are now."""

from __future__ import annotations

import numpy as np

from ...language.vocabulary import Word
from ...markup.fragments import heading, rows
from ...tasks.machine import Machine

WORD = Word("Machine", summary="groups, and parameters with their numbers")


def html(machine: Machine) -> str:
    """Two tables: groups with role, shape and type; parameters with shape, mean and range."""
    plan = machine.program.plan
    total = sum(x.size for x in machine.params.values())
    groups = [
        (g.name, g.role, " × ".join(map(str, g.axes)) or "1", g.unit) for g in machine.model.groups
    ]
    return (
        heading(
            f"Machine of {machine.model.name}",
            f"{total:,} parameters, {machine.dtype}, seed {machine.seed}"
            + (f", {len(plan.blocks)} blocks a sweep" if plan.blocks else ""),
        )
        + rows(groups, ("group", "role", "shape", "type"), words=True)
        + rows(
            [(name, *_numbers(np.asarray(x))) for name, x in machine.params.items()],
            ("parameter", "shape", "mean", "sd", "min", "max"),
        )
    )


def _numbers(x: np.ndarray) -> tuple[str, ...]:
    shape = " × ".join(map(str, x.shape)) or "1"
    if not x.size:
        return shape, "", "", "", ""
    return shape, *(f"{float(f(x)):.3g}" for f in (np.mean, np.std, np.min, np.max))
