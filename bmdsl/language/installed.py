"""What other installed packages bring, by the entry points that they name."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Iterator
from typing import Any


def brought(group: str) -> Iterator[Any]:
    """The objects that installed packages bring under a group of entry points, as
    `bmdsl.units`.
    """
    return (point.load() for point in _points().select(group=group))


@functools.cache
def _points() -> Any:
    """Those of all groups: the lists of all packages are read once."""
    return importlib.metadata.entry_points()
