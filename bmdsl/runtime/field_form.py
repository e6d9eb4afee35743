"""Models of units of two values with couplings of any size, as draws of bits from fields that are
numbers need them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .bit_entries import NotBits, entries_of
from .coupling_blocks import ends_of, spread
from .fields import Fields
from .program import Program

Array = np.ndarray


@dataclass(frozen=True)
class FieldForm:
    """Units and couplings as the op of `real_ops` takes them."""

    place: Mapping[str, Array]
    """Group → where its units stand."""
    places: int
    arrays: Mapping[str, Array]
    """`start`, `first`, `near`, `weight`, `constant`, `ends`."""

    @property
    def colours(self) -> int:
        """How many classes of units are drawn one after another."""
        return len(self.arrays["ends"]) - 1

    def table(self, betas: Array) -> Array:
        """[levels], float32: −beta log₂ e."""
        return (-betas / np.log(2.0)).astype(np.float32)


def field_form(program: Program, f: Fields, free: Sequence[str]) -> FieldForm:
    """The form of a model of which the groups `free` are drawn.

    Raises NotBits if there is none.
    """
    if program.dtype != np.float32:
        raise NotBits("couplings are no small whole multiples of one number, in double precision")
    found, listing = entries_of(program, f, free), program.listing
    assert listing is not None
    place = {n: np.full(program.sizes[n], -1, np.int64) for n in listing.offset}
    begin = [0]
    for n in free:
        order, ends = listing.colours(n)
        place[n][order] = begin[-1] + np.arange(len(order))
        begin += [begin[-1] + int(k) - int(ends[0]) for k in ends[1:]]
    places = drawn = begin[-1]
    for n, where in place.items():
        if n not in free:
            where[:] = places + np.arange(len(where))
            places += len(where)
    columns = np.concatenate([place[n] for n in listing.offset])
    entries, lengths = np.zeros((2, drawn), np.int64)
    constant = np.zeros(drawn, np.float32)
    for x in found():
        at = place[free[x.number]][x.units.start : x.units.stop]
        entries[at], lengths[at] = x.sizes, x.lengths
        constant[at] = (2.0 if x.spin else 1.0) * x.constant
    start, begins = ends_of(entries), ends_of(lengths)
    first, weight = np.zeros(start[-1] + 1, np.int64), np.zeros(start[-1], np.float32)
    near = np.zeros(begins[-1], np.int32)
    for block in found():
        x = block.in_order(np.argsort(block.unit, kind="stable"))
        at = place[free[x.number]][x.units.start : x.units.stop]
        into, _ = spread(start[at], entries[at])
        first[into + 1], weight[into] = x.count, (2.0 if x.spin else 1.0) * x.weight
        near[spread(begins[at], lengths[at])[0]] = x.literals(columns)
    arrays: dict[str, Array] = {
        "start": start,
        "first": np.cumsum(first, out=first),
        "near": near,
        "weight": weight,
        "constant": constant,
        "ends": np.array(begin, np.int64),
    }
    return FieldForm(place, places, arrays)
