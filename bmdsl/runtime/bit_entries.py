"""Couplings of units of two values as *entries*, each 0 or 1: what draws of bits count or weigh.

They are made a block of units at a time, so that those of a large lattice, which follow from where
units stand, are never all there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .coupling_blocks import blocks_of
from .fields import Fields
from .program import Program

Array = np.ndarray
EVENED = (4, 6, 14, 30, 46, 62, 126, 254)
"""Numbers of neighbours, or one more, that units of many different ones get."""

FEW = 1 << 16
"""Units up to which their entries are kept for as long as a form is made."""


class NotBits(Exception):
    """Chains of a model cannot be bits; the text says why."""


@dataclass(frozen=True)
class Entries:
    """The couplings of some units of a group, unit after unit."""

    number: int
    """The group's among those that are drawn."""
    units: range
    unit: Array
    """[entries]: the unit that each belongs to, from the first of `units` on."""
    count: Array
    """[entries]: how many other units it has."""
    others: Array
    """Columns of the others, entry after entry."""
    weight: Array
    """[entries]: how much more the field is if the entry is 1, not 0; above 0."""
    flip: Array
    """[entries]: whether its first literal is the opposite one."""
    constant: Array
    """[units]: the field with all entries at 0."""
    spin: bool

    @property
    def sizes(self) -> Array:
        """How many entries each unit has, [units]."""
        return np.bincount(self.unit, minlength=len(self.units))

    @property
    def lengths(self) -> Array:
        """How many literals each unit has, [units]."""
        return np.bincount(self.unit, self.count, len(self.units)).astype(np.int64)

    def literals(self, columns: Array) -> Array:
        """All of them, entry after entry, of units that stand at these places."""
        out = 2 * columns[self.others]
        out[np.cumsum(self.count) - self.count] += self.flip
        return np.asarray(out)

    def in_order(self, order: Array) -> Entries:
        """The same entries in another order."""
        begin = np.cumsum(self.count) - self.count
        count = self.count[order]
        inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return replace(
            self,
            unit=self.unit[order],
            count=count,
            others=self.others[np.repeat(begin[order], count) + inside],
            weight=self.weight[order],
            flip=self.flip[order],
        )

    def of_kinds(self, unit: float) -> Entries:
        """The entries of each unit in one order, weights as multiples of `unit`."""
        weight = np.rint(self.weight / unit).astype(np.int64)
        order = np.lexsort((weight, self.count, self.unit))
        return replace(self, weight=weight).in_order(order)

    def evened(self, unit: float, none: int) -> Entries:
        """The entries with as many more that few numbers of them are left.

        A unit gets as many entries that are always 1 as others that are always 0: its field is that
        of a unit with so many more neighbours, half of which count. `none` is the column of no
        unit.
        """
        size = self.sizes
        plain = np.ones(len(size), bool)
        plain[self.unit[(self.count != 1) | (np.rint(self.weight / unit) != 1)]] = False
        odd = size % 2
        goal = np.append(EVENED, 0)[np.searchsorted(EVENED, size - odd)] + odd
        half = np.where(plain & (size > 0), np.maximum(goal - size, 0) // 2, 0)
        more = np.repeat(np.arange(len(size)), 2 * half)
        ones = np.arange(len(more)) - np.repeat(np.cumsum(2 * half) - 2 * half, 2 * half)
        return replace(
            self,
            unit=np.concatenate([self.unit, more]),
            count=np.concatenate([self.count, np.ones(len(more), np.int64)]),
            others=np.concatenate([self.others, np.full(len(more), none)]),
            weight=np.concatenate([self.weight, np.full(len(more), unit)]),
            flip=np.concatenate([self.flip, ones % 2 == 1]),
            constant=self.constant - unit * half,
        )


Blocks = Callable[[], Iterable[Entries]]
"""The entries of all units, block after block, as often as they are asked for."""


def entries_of(program: Program, f: Fields, free: Sequence[str]) -> Blocks:
    """The entries of the units of these groups.

    Raises NotBits if some are not between units of two values, or are matrices; asking for them
    does so too.
    """
    plan, listing = program.plan, program.listing
    if listing is None or not plan.all_listed:
        raise NotBits("matrices couple units, and fields of many units take many values")
    names = list(listing.offset)
    for n in names:
        if plan.group(n).unit.name not in ("spin", "binary"):
            raise NotBits(f"`{n}` has units of more than two values, or of other numbers")
    is_spin = np.concatenate(
        [np.full(program.sizes[n], plan.group(n).unit.name == "spin") for n in names]
    )

    def made() -> Iterator[Entries]:
        for k, name in enumerate(free):
            for units in blocks_of(program.sizes[name]):
                yield _entries(program, f, (k, name), units, is_spin)

    return held(made, sum(program.sizes[n] for n in free))


def held(made: Blocks, units: int) -> Blocks:
    """The same blocks, kept if so many units are few."""
    if units > FEW:
        return made
    found = list(made())
    return lambda: found


def _entries(
    program: Program, f: Fields, group: tuple[int, str], units: range, is_spin: Array
) -> Entries:
    number, name = group
    start, other, value, more, more_value, begin, more_other = program.block(f, name, units)
    pair_unit = np.repeat(np.arange(len(units)), np.diff(start))
    more_unit = np.repeat(np.arange(len(units)), np.diff(more))
    per = np.diff(begin)
    alone = per == 0
    bias = np.asarray(f.bias[name]).reshape(-1)[units.start : units.stop]
    constant = bias.astype(np.float64)
    np.add.at(constant, more_unit[alone], np.asarray(more_value, np.float64)[alone])
    if not is_spin[more_other].all():
        raise NotBits("a term multiplies several units whose values are 0 and 1")
    w = np.concatenate([value, more_value[~alone]]).astype(np.float64)
    unit = np.concatenate([pair_unit, more_unit[~alone]])
    count = np.concatenate([np.ones(len(value), np.int64), per[~alone]])
    others = np.concatenate([other, more_other]).astype(np.int64)
    kept = w != 0
    others = others[np.repeat(kept, count)]
    w, unit, count = w[kept], unit[kept], count[kept]
    first = others[np.cumsum(count) - count] if len(count) else others
    spin = is_spin[first]
    np.add.at(constant, unit, np.where(spin, -np.abs(w), np.minimum(w, 0)))
    weight = np.where(spin, 2, 1) * np.abs(w)
    flip = (w < 0) ^ (count % 2 == 0)
    own_spin = bool(program.plan.group(name).unit.name == "spin")
    return Entries(number, units, unit, count, others, weight, flip, constant, own_spin)
