"""What writes the figures of a training elsewhere, one file each, found by scanning.

A module with `WORD`, a class `Tracker` that inherits from `Callback` and takes no arguments, and
`LIBRARY`, the package that it needs, if it needs one: the extra of `bmdsl` has the tracker's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among an epoch's figures, without those that say where it is."""
    return {
        name: float(x)
        for name, x in figures.items()
        if isinstance(x, int | float) and name not in ("epoch", "update")
    }
