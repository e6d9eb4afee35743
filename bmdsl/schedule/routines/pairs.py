"""Sums over pairs of units and over planes of lattices after sweeps of chains, as ops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..builder import Builder
from ..values import Content, Life, Number, Value, View
from .bit_sweeps import form_array

RECORDS = "records"
"""The axis of an array that has a row for every record of a call."""
PAIRS = "pairs"
"""What arrays of pairs are bound to, before their names."""


class Pairs(NamedTuple):
    """Which pairs a record has sums over: of a unit of one group and those of another, or the same,
    that are further `along` the axes of their lattice; else of a group's units in chains 0 and 1,
    2 and 3, and so on.
    """

    first: str
    second: str
    along: bool


class Planes(NamedTuple):
    """A record has the sums of a group's units over planes of their lattice."""

    first: str

    @property
    def second(self) -> str:
        """The one group."""
        return self.first


Sums = Pairs | Planes
"""What a record has sums of."""


def groups_of(sums: Sequence[Sums]) -> list[str]:
    """The groups whose units are summed, each once."""
    return list(dict.fromkeys(n for p in sums for n in (p.first, p.second)))


def sum_pairs(b: Builder, pairs: Sequence[Sums], state: Mapping[str, Value], draw: Number) -> None:
    """The sums of one record of chains that are numbers."""
    for k, p in enumerate(pairs):
        out = View(_sums(b, k, p, "f8"), draw)
        if isinstance(p, Planes):
            states = b.number(f"per_unit_{k}", "i8")
            b.do("sum_over_planes", state[p.first], _planes(b, k), states, out)
        elif p.along:
            states = b.number(f"per_unit_{k}", "i8")
            how = (_axes(b, k), states, b.number(f"distance_{k}", "i8"))
            b.do("sum_along_axes", state[p.first], state[p.second], *how, out)
        else:
            b.do("sum_over_chains", state[p.first], out)


def count_pairs(
    b: Builder,
    pairs: Sequence[Sums],
    bits: Value,
    place: Mapping[str, Value],
    many: Number,
    draw: Number,
) -> None:
    """The counts of one record of chains that are bits."""
    laid: dict[str, Value] = {}
    for n in groups_of(pairs):
        laid[n] = form_array(b, f"laid_{n}", 2, "i8", Life.KEPT, ("laid", n))
        b.do("lay_in_order", bits, place[n], many, laid[n])
    for k, p in enumerate(pairs):
        out = View(_sums(b, k, p, "i8"), draw)
        if isinstance(p, Planes):
            b.do("count_over_planes", laid[p.first], _planes(b, k), many, out)
            continue
        both = b.number(f"both_{k}", "i8")
        if p.along:
            how = (_axes(b, k), b.number(f"distance_{k}", "i8"), both, many)
            b.do("count_along_axes", laid[p.first], laid[p.second], *how, out)
        else:
            b.do("count_over_chains", laid[p.first], both, many, out)


def _axes(b: Builder, k: int) -> Value:
    source = (PAIRS, "axes", str(k))
    return b.value(f"axes_{k}", Content.CONSTANT, (-1,), Life.GIVEN, number="i8", source=source)


def _planes(b: Builder, k: int) -> Value:
    source = (PAIRS, "planes", str(k))
    return b.value(
        f"planes_{k}", Content.CONSTANT, (-1, -1), Life.GIVEN, number="i8", source=source
    )


def _sums(b: Builder, k: int, p: Sums, number: str) -> Value:
    by_number = isinstance(p, Planes) or p.along
    shape = (RECORDS, -1, -1) if by_number else (RECORDS, -1)
    content = Content.FIGURE if number == "f8" else Content.CONSTANT
    source = (PAIRS, "sums", str(k))
    return b.value(f"pairs_{k}", content, shape, Life.KEPT, number=number, source=source)
