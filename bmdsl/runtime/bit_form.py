"""Models of units of two values whose fields take few values, as what draws of bits need.

A unit's field is c + u n: u is one number for the whole model, and n counts neighbours, each as
often as its coupling is a multiple of u. Couplings ±J, one J for all, and small whole multiples of
one number are of this kind, as are products of several spins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..language.late import special
from ..schedule.bit_ops import DIGITS, LANES
from .bit_entries import Blocks, Entries, NotBits, entries_of, held
from .coupling_blocks import ends_of, spread, unique_rows
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
"""Different numbers of neighbours up to which they are left as they are; units of more get a few
numbers (`Entries.evened`)."""
NO_UNIT = "couplings are no small whole multiples of one number"
CLOSE = 8
"""Units in the last place by which a coupling may miss a multiple."""


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
    found, listing = entries_of(program, f, free), program.listing
    assert listing is not None
    spins = frozenset(n for n in listing.offset if program.plan.group(n).unit.name == "spin")
    weights, sizes = _seen(found)
    unit = unit_of([weights], np.dtype(program.dtype))
    evened = len(sizes) > FEW_SIZES
    columns = sum(program.sizes[n] for n in listing.offset)

    def made() -> Iterator[Entries]:
        for x in found():
            yield (x.evened(unit, columns) if evened else x).of_kinds(unit)

    blocks = held(made, sum(program.sizes[n] for n in free))
    kinds, numbers = _kinds(blocks, [program.sizes[n] for n in free])
    return _Laying(program, listing, list(free), blocks, kinds, numbers, unit, many).form(spins)


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
    raise NotBits(NO_UNIT)


def _seen(found: Blocks) -> tuple[Array, Array]:
    """The different weights of all entries, and numbers of entries of a unit.

    Raises NotBits as soon as there are more weights than multiples of one number can be, or some
    too far apart.
    """
    weights, sizes = np.zeros(0), np.zeros(0, np.int64)
    for x in found():
        weights = np.unique(np.concatenate([weights, x.weight]))
        sizes = np.unique(np.concatenate([sizes, x.sizes]))
        some = len(weights) and weights[-1] >= MOST_WEIGHT * weights[0]
        if some or len(weights) > MOST_WEIGHT * (4 * CLOSE + 1):
            raise NotBits(NO_UNIT)
    return weights, sizes


def _kinds(blocks: Blocks, sizes: Sequence[int]) -> tuple[Array, list[Array]]:
    """All kinds of unit, a row each, and the kind of every unit, group by group.

    A row: whether spin, the constant, how many entries, then units and weights of these.
    """
    numbers = [np.empty(size, np.int32) for size in sizes]
    rows, total = [np.zeros((0, 3))], 0
    for x in blocks():
        own, number = unique_rows(_rows(x))
        numbers[x.number][x.units.start : x.units.stop] = total + number
        rows.append(own)
        total += len(own)
    wide = max(r.shape[1] for r in rows)
    padded = [np.pad(r, ((0, 0), (0, wide - r.shape[1]))) for r in rows]
    kinds, number = unique_rows(np.concatenate(padded))
    if len(kinds) > MOST_KINDS:
        raise NotBits(f"units have {len(kinds):,} different fields, more than {MOST_KINDS:,}")
    most_n = int(kinds[:, 4::2].sum(axis=1).max(initial=0))
    if most_n >= WIDTHS[-1]:
        raise NotBits(f"a unit's neighbours count {most_n} together, more than {WIDTHS[-1] - 1}")
    return kinds, [number[x] for x in numbers]


def _rows(x: Entries) -> Array:
    size = x.sizes
    row = np.zeros((len(size), 3 + 2 * int(size.max(initial=0))))
    row[:, 0], row[:, 2] = x.spin, size
    scale = np.maximum(np.abs(x.constant), 1e-12)
    digits = 10.0 ** (12 - np.floor(np.log10(scale)))
    row[:, 1] = np.where(np.abs(x.constant) < 1e-12, 0, np.rint(x.constant * digits) / digits)
    inside = np.arange(len(x.unit)) - np.repeat(np.cumsum(size) - size, size)
    row[x.unit, 3 + 2 * inside], row[x.unit, 4 + 2 * inside] = x.count, x.weight
    return row


Run = tuple[int, int, Array]
"""Units of one colour and kind: the first's place, their group's number, and the units."""


@dataclass
class _Laying:
    """Lays units out in tiles."""

    program: Program
    listing: Listing
    free: list[str]
    blocks: Blocks
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
        tiles, near = self._tiles(runs, place, columns, 2 * places, lanes)
        classes, entries, fields = self._tables()
        arrays: dict[str, Array] = {
            "near": near,
            "tiles": tiles,
            "classes": classes,
            "entries": entries,
            "first_tile": np.array(begin, np.int64),
        }
        return BitForm(place, places + 1, spins, arrays, self.many, fields)

    def _runs(self, lanes: int) -> tuple[list[Run], list[int], int]:
        """Units of one colour and kind, tiles where colours begin, and places in all."""
        runs: list[Run] = []
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

    def _tiles(
        self, runs: list[Run], place: Mapping[str, Array], columns: Array, none: int, lanes: int
    ) -> tuple[Array, Array]:
        """`tiles`, and `near`, which is written block after block."""
        kind = np.array([self.numbers[k][units[0]] for _, k, units in runs], np.int64)
        count = np.array([-(-len(units) // lanes) for *_, units in runs], np.int64)
        first = np.array([at for at, *_ in runs], np.int64)
        own = self.kinds[kind, 3::2].sum(axis=1).astype(np.int64)
        ends = ends_of(lanes * own * count)
        begin, run = spread(np.zeros(len(runs), np.int64), count)
        tiles = np.stack([ends[run] + lanes * own[run] * begin, kind[run]], axis=1)
        near = np.full(ends[-1], none, np.int32)
        for x in self.blocks():
            at = place[self.free[x.number]][x.units.start : x.units.stop]
            run = np.searchsorted(first, at, "right") - 1
            tile, lane = np.divmod(at - first[run], lanes)
            into, _ = spread(np.zeros(len(at), np.int64), own[run])
            begin = ends[run] + lanes * own[run] * tile + lane
            near[np.repeat(begin, own[run]) + lanes * into] = x.literals(columns)
        return tiles, near

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
