"""Models of units of two values whose fields take few values, as what draws of bits need.

A unit's field is c + u n: u is one number for the whole model, and n counts neighbours, each as
often as its coupling is a multiple of u. Couplings ±J, one J for all, and small whole multiples of
one number are of this kind, as are products of several spins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..language.late import special
from ..schedule.bit_ops import DIGITS, LANES
from .fields import Fields
from .listing import Listing
from .program import Program

Array = np.ndarray
WIDTHS = (5, 8, 16, 32, 64, 128, 256)
"""Values of n that a table has room for."""
MOST_WEIGHT = 32
"""What an entry counts is below it."""
PARTS = 4
"""The largest whole number that the smallest coupling may be a multiple of u by."""
MOST_KINDS = 1024
"""Kinds of unit, of which each has a table."""
FEW_SIZES = 8
"""Different numbers of neighbours up to which they are left as they are."""
EVENED = (4, 6, 14, 30, 46, 62, 126, 254)
"""Numbers of neighbours, or one more, that units of more different ones get."""
CLOSE = 8
"""Units in the last place by which a coupling may miss a multiple."""


class NotBits(Exception):
    """Chains of a model cannot be bits; the text says why."""


@dataclass(frozen=True)
class BitForm:
    """Units, couplings and kinds as the ops of `bit_ops` take them."""

    place: Mapping[str, Array]
    """Group → where its units stand."""
    places: int
    """How many there are; no unit stands at the last."""
    spins: frozenset[str]
    arrays: Mapping[str, Array]
    """`near`, `tiles`, `classes`, `entries`, `first_tile`."""
    many: bool
    fields: tuple[Array, ...]
    """Of each kind, the field of a unit by n, doubled for spins: as many numbers as its table has
    room for.
    """

    @property
    def size(self) -> int:
        """Words of the tables of one inverse temperature."""
        return DIGITS * sum(len(x) for x in self.fields)

    @property
    def colours(self) -> int:
        """How many classes of units are drawn one after another."""
        return len(self.arrays["first_tile"]) - 1

    def table(self, betas: Array) -> Array:
        """[..., levels · size]: P(1 | n) at each inverse temperature of betas [..., levels], as
        `digits_of` writes it, kind after kind.
        """
        each = [digits_of(x[None], betas).reshape(*betas.shape, -1) for x in self.fields]
        return np.concatenate(each, axis=-1).reshape(*betas.shape[:-1], -1)


def digits_of(fields: Array, betas: Array) -> Array:
    """[..., levels · kinds · 32 · wide]: P(1 | n) of fields [kinds, wide] at each inverse
    temperature of betas [..., levels] in binary digits, as exclusive sums over subsets.
    """
    p, wide = special.expit(betas[..., None, None] * fields), fields.shape[1]
    whole = np.minimum(np.rint(np.ldexp(p, DIGITS)), 2.0**DIGITS - 1).astype(np.int64)
    for bit in (1 << k for k in range((wide - 1).bit_length())):  # all 32 digits at once
        with_bit = [n for n in range(wide) if n & bit]
        whole[..., with_bit] ^= whole[..., [n - bit for n in with_bit]]
    shifts = np.arange(DIGITS - 1, -1, -1, dtype=np.int64)[:, None]
    digits = (whole[..., None, :] >> shifts) & 1
    return -digits.reshape(*betas.shape[:-1], -1)


def words_of(chains: int, of_all: int = 0) -> int:
    """Words a unit: one for 64 chains; whole registers if they are not much emptier, or if those of
    so many chains `of_all` ranks are.
    """
    words = -(-chains // 64)
    return words if -(-max(chains, of_all) // 64) < LANES else -(-words // LANES) * LANES


def valid_chains(chains: int, of_all: int = 0) -> Array:
    """[words]: a bit for every chain that there is."""
    bits = np.arange(64 * words_of(chains, of_all)) < chains
    packed: Array = np.packbits(bits, bitorder="little").view("<i8")
    return packed.astype(np.int64)


def bit_form(program: Program, f: Fields, free: Sequence[str], many: bool) -> BitForm:
    """The form of a model of which the groups `free` are drawn; `many`: each unit has whole
    registers of chains.

    Raises NotBits if there is none.
    """
    found, listing = all_entries(program, f, free), program.listing
    assert listing is not None
    spins = frozenset(n for n in listing.offset if program.plan.group(n).unit.name == "spin")
    unit = unit_of([x.weight for x in found], np.dtype(program.dtype))
    columns = sum(program.sizes[n] for n in listing.offset)
    made = [x.of_kinds(unit) for x in _evened(found, unit, columns)]
    kinds, numbers = _kinds(made)
    return _Laying(program, listing, list(free), made, kinds, numbers, unit, many).form(spins)


def all_entries(program: Program, f: Fields, free: Sequence[str]) -> list[Entries]:
    """The couplings of the units of each of these groups.

    Raises NotBits if some are not between units of two values, or are matrices.
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
    return [_entries(program, f, n, is_spin) for n in free]


@dataclass
class Entries:
    """The couplings of a group's units, unit after unit."""

    group: str
    unit: Array
    """[entries]: the unit that each belongs to."""
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

    def of_kinds(self, unit: float) -> Entries:
        """The entries of each unit in one order, weights as multiples of `unit`."""
        weight = np.rint(self.weight / unit).astype(np.int64)
        order = np.lexsort((weight, self.count, self.unit))
        begin = np.cumsum(self.count) - self.count
        count = self.count[order]
        inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return Entries(
            self.group,
            self.unit[order],
            count,
            self.others[np.repeat(begin[order], count) + inside],
            weight[order],
            self.flip[order],
            self.constant,
            self.spin,
        )


def _entries(program: Program, f: Fields, name: str, is_spin: Array) -> Entries:
    start, other, value, more, more_value, more_start, more_other = program.incidence(f, name)
    units = program.sizes[name]
    pair_unit = np.repeat(np.arange(units), np.diff(start))
    more_unit = np.repeat(np.arange(units), np.diff(more))
    per = np.diff(more_start)
    alone = per == 0
    constant = np.asarray(f.bias[name], np.float64).reshape(-1).copy()
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
    return Entries(name, unit, count, others, weight, flip, constant, own_spin)


def _evened(found: Sequence[Entries], unit: float, none: int) -> list[Entries]:
    """The entries with as many more for every unit that few numbers of them are left, where there
    are many.

    A unit gets as many entries that are always 1 as others that are always 0: its field is that of
    a unit with so many more neighbours, half of which count. `none` is the column of no unit.
    """
    sizes = [np.bincount(x.unit, minlength=len(x.constant)) for x in found]
    if len(np.unique(np.concatenate(sizes))) <= FEW_SIZES:
        return list(found)
    out = []
    for x, size in zip(found, sizes, strict=True):
        plain = np.ones(len(size), bool)
        plain[x.unit[(x.count != 1) | (np.rint(x.weight / unit) != 1)]] = False
        odd = size % 2
        goal = np.append(EVENED, 0)[np.searchsorted(EVENED, size - odd)] + odd
        half = np.where(plain & (size > 0), np.maximum(goal - size, 0) // 2, 0)
        more = np.repeat(np.arange(len(size)), 2 * half)
        ones = np.arange(len(more)) - np.repeat(np.cumsum(2 * half) - 2 * half, 2 * half)
        out.append(
            Entries(
                x.group,
                np.concatenate([x.unit, more]),
                np.concatenate([x.count, np.ones(len(more), np.int64)]),
                np.concatenate([x.others, np.full(len(more), none)]),
                np.concatenate([x.weight, np.full(len(more), unit)]),
                np.concatenate([x.flip, ones % 2 == 1]),
                x.constant - unit * half,
                x.spin,
            )
        )
    return out


def unit_of(weights: Sequence[Array], dtype: np.dtype) -> float:
    """The number that all weights are whole multiples of."""
    w = np.unique(np.concatenate([np.zeros(0), *weights]))
    if not len(w):
        return 1.0
    room = CLOSE * float(np.finfo(dtype).eps)
    for parts in range(1, PARTS + 1):
        unit = w[0] / parts
        times = np.rint(w / unit)
        if times[-1] < MOST_WEIGHT and (np.abs(w - times * unit) <= room * w).all():
            return float(unit)
    raise NotBits("couplings are no small whole multiples of one number")


def _kinds(made: Sequence[Entries]) -> tuple[Array, list[Array]]:
    """All kinds of unit, a row each, and the kind of every unit, group by group.

    A row: whether spin, the constant, how many entries, then units and weights of these.
    """
    sizes = [np.bincount(x.unit, minlength=len(x.constant)) for x in made]
    most = max((int(s.max(initial=0)) for s in sizes), default=0)
    rows = []
    for x, size in zip(made, sizes, strict=True):
        row = np.zeros((len(x.constant), 3 + 2 * most))
        row[:, 0], row[:, 2] = x.spin, size
        scale = np.maximum(np.abs(x.constant), 1e-12)
        digits = 10.0 ** (12 - np.floor(np.log10(scale)))
        row[:, 1] = np.where(np.abs(x.constant) < 1e-12, 0, np.rint(x.constant * digits) / digits)
        inside = np.arange(len(x.unit)) - np.repeat(np.cumsum(size) - size, size)
        row[x.unit, 3 + 2 * inside], row[x.unit, 4 + 2 * inside] = x.count, x.weight
        rows.append(row)
    kinds, numbers = np.unique(np.concatenate(rows), axis=0, return_inverse=True)
    if len(kinds) > MOST_KINDS:
        raise NotBits(f"units have {len(kinds):,} different fields, more than {MOST_KINDS:,}")
    most_n = int(kinds[:, 4::2].sum(axis=1).max(initial=0))
    if most_n >= WIDTHS[-1]:
        raise NotBits(f"a unit's neighbours count {most_n} together, more than {WIDTHS[-1] - 1}")
    ends = np.cumsum([len(r) for r in rows])[:-1]
    return kinds, np.split(numbers.reshape(-1), ends)


@dataclass
class _Laying:
    """Lays units out in tiles."""

    program: Program
    listing: Listing
    free: list[str]
    made: Sequence[Entries]
    kinds: Array
    numbers: Sequence[Array]
    unit: float
    many: bool

    def form(self, spins: frozenset[str]) -> BitForm:
        """The whole form."""
        lanes = 1 if self.many else LANES
        runs, begin, places = self._runs(lanes)
        place = {n: np.full(self.program.sizes[n], -1, np.int64) for n in self.listing.offset}
        for first, k, units in runs:
            place[self.free[k]][units] = first + np.arange(len(units))
        for n, x in place.items():
            if n not in self.free:
                x[:] = places + np.arange(len(x))
                places += len(x)
        columns = np.concatenate([*(place[n] for n in self.listing.offset), [places]])
        literals = [self._literals(x, columns) for x in self.made]
        near: list[Array] = []
        tiles: list[Array] = []
        length = 0
        for _, k, units in runs:
            own = literals[k][1][units][0]
            starts = literals[k][0][units]
            count = -(-len(units) // lanes)
            padded = np.full((count * lanes, own), 2 * places)
            padded[: len(units)] = literals[k][2][starts[:, None] + np.arange(own)]
            near.append(padded.reshape(count, lanes, own).transpose(0, 2, 1).ravel())
            at = length + lanes * own * np.arange(count)
            kind = np.full(count, self.numbers[k][units[0]])
            tiles.append(np.stack([at, kind], axis=1))
            length += lanes * own * count
        classes, entries, fields = self._tables()
        arrays: dict[str, Array] = {
            "near": np.concatenate([np.zeros(0), *near]).astype(np.int32),
            "tiles": np.concatenate([np.zeros((0, 2)), *tiles]).astype(np.int64),
            "classes": classes,
            "entries": entries,
            "first_tile": np.array(begin, np.int64),
        }
        return BitForm(place, places + 1, spins, arrays, self.many, fields)

    def _runs(self, lanes: int) -> tuple[list[tuple[int, int, Array]], list[int], int]:
        """Units of one colour and kind: first place, group's number, units; tiles where colours
        begin; and places in all.
        """
        runs: list[tuple[int, int, Array]] = []
        begin, places = [0], 0
        for k, name in enumerate(self.free):
            order, ends = self.listing.colours(name)
            for lo, hi in zip(ends[:-1], ends[1:], strict=True):
                units = order[lo:hi]
                units = units[np.argsort(self.numbers[k][units], kind="stable")]
                kinds = self.numbers[k][units]
                cuts = np.flatnonzero(np.diff(kinds)) + 1
                for part in np.split(units, cuts):
                    runs.append((places, k, part))
                    places += -(-len(part) // lanes) * lanes
                begin.append(places // lanes)
        return runs, begin, places

    @staticmethod
    def _literals(x: Entries, columns: Array) -> tuple[Array, Array, Array]:
        """Where each unit's literals begin, how many it has, and all of them."""
        literals = 2 * columns[x.others]
        literals[np.cumsum(x.count) - x.count] += x.flip
        own = np.bincount(x.unit, x.count, len(x.constant)).astype(np.int64)
        return np.cumsum(own) - own, own, literals

    def _tables(self) -> tuple[Array, Array, tuple[Array, ...]]:
        """`classes`, `entries` and the fields of all kinds."""
        classes: list[tuple[int, int, int, int]] = []
        entries: list[tuple[int, int]] = []
        fields: list[Array] = []
        at = 0
        for row in self.kinds:
            some, most = int(row[2]), int(row[4::2].sum())
            wide = next(w for w in WIDTHS if most < w)
            classes.append((len(entries), len(entries) + some, wide, at))
            entries += [(int(row[3 + 2 * e]), int(row[4 + 2 * e])) for e in range(some)]
            fields.append((2.0 if row[0] > 0 else 1.0) * (row[1] + self.unit * np.arange(wide)))
            at += DIGITS * wide
        pairs = np.array(entries, np.int64).reshape(-1, 2)
        return np.array(classes, np.int64).reshape(-1, 4), pairs, tuple(fields)
