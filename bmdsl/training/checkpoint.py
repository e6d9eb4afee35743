"""What a training goes back to, and how a run's folder keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..runs.run_folder import RunFolder
from .machine_protocol import Array

BEST = "best/"
"""What the names of the best parameters begin with in a checkpoint."""


class Checkpoint(NamedTuple):
    """What a training that stops inside an update goes back to: parameters and all else that
    updates change, and the counters of that time.
    """

    arrays: dict[str, Array]
    counters: dict[str, Any]
    best: dict[str, Array]


def stored(folder: RunFolder) -> Checkpoint:
    """The checkpoint in a run's folder."""
    arrays, counters = folder.read_state()
    best = {n.removeprefix(BEST): x for n, x in arrays.items() if n.startswith(BEST)}
    return Checkpoint({n: x for n, x in arrays.items() if not n.startswith(BEST)}, counters, best)


def part(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin with `prefix`, by what follows."""
    return {n.removeprefix(prefix): x for n, x in arrays.items() if n.startswith(prefix)}
