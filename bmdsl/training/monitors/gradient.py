"""Signal and noise of the gradient since the last look: |mean|² over the summed variance, of a few
hundred entries of each parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...language.vocabulary import Word
from ..health import Finding, Look

WORD = Word("gradient", summary="signal and noise of the gradient")

ENTRIES = 256


def places(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The entries of each parameter's gradient that are followed: a few hundred, evenly spaced."""
    spaced = {
        n: np.linspace(0, x.size - 1, min(x.size, ENTRIES)) for n, x in parameters.items() if x.size
    }
    return {n: np.unique(at).astype(int) for n, at in spaced.items()}


def collect(sums: Mapping[str, np.ndarray], count: int, memory: dict[str, Any]) -> None:
    """Adds sums [2, entries] of the followed entries and of their squares, over `count` updates,
    and clears them.
    """
    parts = list(sums.values())
    memory["count"] = memory.get("count", 0) + count
    for row, name in enumerate(("sum", "squares")):
        memory[name] = memory.get(name, 0.0) + np.concatenate([x[row] for x in parts])
    for x in parts:
        x[...] = 0


def follow(gradient: Mapping[str, np.ndarray], memory: dict[str, Any]) -> None:
    """Adds an update's entries to sums and sums of squares."""
    if "at" not in memory:
        memory["at"] = places(gradient)
    taken = np.concatenate([gradient[n].ravel()[at] for n, at in memory["at"].items()]).astype(
        np.float64
    )
    memory["count"] = memory.get("count", 0) + 1
    memory["sum"], memory["squares"] = (
        memory.get("sum", 0.0) + taken,
        memory.get("squares", 0.0) + taken**2,
    )


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`gradient_signal`: near 0 where updates only jitter, large where they all push one way."""
    count = memory.pop("count", 0)
    total, squares = memory.pop("sum", 0.0), memory.pop("squares", 0.0)
    if count < 2:
        return Finding()
    mean = total / count
    noise = float((squares / count - mean**2).sum())
    return Finding({"gradient_signal": float((mean**2).sum()) / noise}) if noise > 0 else Finding()
