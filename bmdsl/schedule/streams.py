"""Random streams: every group of every phase has one of its own."""

from __future__ import annotations

from ..plan.streams import GROUPS
from .builder import Builder
from .values import Number


def stream_of(b: Builder, stream: int | Number, group: str) -> int | Number:
    """The number of a group's own random stream; a Number is that of the first group."""
    if isinstance(stream, Number):
        place = b.place_of[group]
        return Number(f"{stream} + {place}") if place else stream
    return GROUPS * stream + b.place_of[group]


def stream_argument(b: Builder) -> Number:
    """The stream of the first group as an argument, of routines that many streams use."""
    return b.number("stream", "i8")
