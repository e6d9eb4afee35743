"""The pinned routine `update` of some shipped models: `python -m tests.golden.routine_files` writes
them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import bmdsl
from bmdsl.emit.routine import emit_routine
from bmdsl.tasks.emit import update_of
from bmdsl.tasks.source_lines import origin_of

FOLDER = Path(__file__).parent / "routines"
SIZES: dict[str, dict[str, int]] = {
    "rbm": {"D": 6, "H": 4},
    "dbm": {"D": 6, "H1": 4, "H2": 3},
    "imrbm": {"D": 6, "H": 4, "K": 3},
    "convrbm": {"C": 1, "S": 8, "F": 2},
    "ising": {"L": 4},
    "crbm": {"D": 3, "T": 2, "H": 4},
    "pot": {"D": 4, "F": 5},
}
"""Shipped model → the arguments that its routine is printed for."""


def rendered(name: str, sizes: Mapping[str, int] | None = None) -> str:
    """The text of the model's update, at these sizes or at the pinned ones."""
    model = bmdsl.load(name, **(SIZES[name] if sizes is None else sizes))
    schedule = update_of(model).schedule
    return emit_routine(schedule, origin=origin_of(model.plan, schedule))


if __name__ == "__main__":
    for name in SIZES:
        (FOLDER / f"{name}.txt").write_text(rendered(name), encoding="utf-8")
        print(name)
