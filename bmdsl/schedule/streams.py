"""Random streams: every group of every phase has one of its own."""

from __future__ import annotations

from ..plan.streams import GROUPS
from .builder import Builder


def stream_of(b: Builder, stream: int, group: str) -> int:
    """The number of a group's own random stream."""
    return GROUPS * stream + b.place_of[group]
