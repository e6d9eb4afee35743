"""Models of units of two values with couplings of any size, as draws of bits from fields that are
numbers need them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .bit_form import Entries, NotBits, all_entries
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
    found = all_entries(program, f, free)
    listing = program.listing
    assert listing is not None
    place = {n: np.full(program.sizes[n], -1, np.int64) for n in listing.offset}
    begin, orders = [0], []
    for n in free:
        order, ends = listing.colours(n)
        place[n][order] = begin[-1] + np.arange(len(order))
        begin += [begin[-1] + int(k) - int(ends[0]) for k in ends[1:]]
        orders.append(order)
    places = begin[-1]
    for n, where in place.items():
        if n not in free:
            where[:] = places + np.arange(len(where))
            places += len(where)
    columns = np.concatenate([place[n] for n in listing.offset])
    parts = [_by_place(x, order, columns) for x, order in zip(found, orders, strict=True)]
    entries, count, near, weight, constant = (np.concatenate(x) for x in zip(*parts, strict=True))
    arrays: dict[str, Array] = {
        "start": np.concatenate([[0], np.cumsum(entries)]).astype(np.int64),
        "first": np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        "near": near.astype(np.int32),
        "weight": weight.astype(np.float32),
        "constant": constant.astype(np.float32),
        "ends": np.array(begin, np.int64),
    }
    return FieldForm(place, places, arrays)


def _by_place(x: Entries, order: Array, columns: Array) -> tuple[Array, ...]:
    """How many entries each unit has, literals of each, all literals, weights, and constants, unit
    after unit in this order.
    """
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    by_place = np.argsort(rank[x.unit], kind="stable")
    count = x.count[by_place]
    first = np.cumsum(x.count) - x.count
    literals = 2 * columns[x.others]
    literals[first] += x.flip
    inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    factor = 2.0 if x.spin else 1.0
    return (
        np.bincount(rank[x.unit], minlength=len(order)),
        count,
        literals[np.repeat(first[by_place], count) + inside],
        factor * x.weight[by_place],
        factor * x.constant[order],
    )
