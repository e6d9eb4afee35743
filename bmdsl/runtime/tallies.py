"""Sums of products of units, of chains that are bits: what counts of odd products make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product

import numpy as np

from ..schedule.bit_ops import LANES
from ..schedule.tally_ops import TILES
from .bit_entries import NotBits
from .coupling_blocks import unique_rows
from .listing import Listing

Array = np.ndarray
MOST_CLASSES = 32
"""Different weights of products that are counted class by class."""


Products = tuple[Array, Array]
"""Columns [products, units of each] and weights [products, sums]."""


@dataclass(frozen=True)
class ProductSum:
    """constant + Σ_f weight[f] Π x[columns[f]], of columns of all listed groups side by side."""

    parts: tuple[tuple[Array, Array], ...]
    """Columns [products, units of each] and weights [products], for each number of units."""
    constant: float = 0.0
    blocks: Iterable[tuple[Array, Array]] = ()
    """More of the same, made when they are asked for."""


@dataclass(frozen=True)
class Tallies:
    """Sums as the op `count_odd` counts them: sum s = constant[s] + Σ_c scale[s, c] counts[c]."""

    arrays: Mapping[str, Array]
    """`products`, `runs`, `classed`."""
    scale: Array
    constant: Array

    def sums(self, counts: Array) -> Array:
        """[sums, chains, records] of counts [records, classes, chains]."""
        made: Array = np.einsum("sc,dcr->srd", self.scale, counts.astype(np.float64))
        return made + self.constant[:, None, None]


def tallies_of(
    place: Mapping[str, Array],
    no_unit: int,
    many: bool,
    listing: Listing,
    sums: Sequence[ProductSum],
) -> Tallies:
    """How these sums are counted, of units that stand at these places; all bits at `no_unit` are 0.

    Raises NotBits if products have too many different weights.
    """
    sizes = [listing.plan.group(n).size for n in listing.offset]
    spin = np.repeat([listing.plan.group(n).unit.name == "spin" for n in listing.offset], sizes)
    places = np.concatenate([place[n] for n in listing.offset])
    constant = np.array([x.constant for x in sums])
    lanes, none = 1 if many else LANES, 2 * no_unit
    found, kinds = dict[tuple[int, ...], _Class](), np.zeros((0, len(sums)))
    for units, (columns, weights) in _spin_products(sums, spin):
        if not units:
            constant += weights.sum(axis=0)
            continue
        first = np.argmax(weights != 0, axis=1)
        sign = np.sign(weights[np.arange(len(weights)), first])
        columns, weights, sign = columns[sign != 0], weights[sign != 0], sign[sign != 0]
        kinds, number = np.unique(weights * sign[:, None], axis=0, return_inverse=True)
        if max(len(kinds), len(found)) > MOST_CLASSES:
            break
        literals = 2 * places[columns]
        literals[:, 0] += sign < 0
        for k, weight in enumerate(kinds):
            own = found.setdefault((units, *weight), _Class(units, weight))
            own.add(literals[number.reshape(-1) == k], lanes, none)
    if max(len(kinds), len(found)) > MOST_CLASSES:
        raise NotBits("products of units have many different weights")
    near, runs, ends, begin = [np.zeros(0, np.int32)], list[tuple[int, int, int]](), [0], 0
    scale = list[Array]()
    for _, own in sorted(found.items()):
        even = (-1) ** own.units * own.weight
        constant, scale = constant + own.count * even, [*scale, -2 * even]
        for tiles in own.near:
            near.append(tiles.ravel())
            for t in range(0, len(tiles), TILES):
                runs.append((begin + tiles[0].size * t, min(TILES, len(tiles) - t), own.units))
            begin += tiles.size
        ends.append(len(runs))
    arrays: dict[str, Array] = {
        "products": np.concatenate(near),
        "runs": np.array(runs, np.int64).reshape(-1, 3),
        "classed": np.array(ends, np.int64),
    }
    return Tallies(arrays, np.array(scale).reshape(len(scale), len(sums)).T, constant)


@dataclass
class _Class:
    """Products of so many units that have one weight."""

    units: int
    weight: Array
    near: list[Array] = field(default_factory=list)
    """Their literals in tiles, [tiles, units, lanes]."""
    count: int = 0

    def add(self, literals: Array, lanes: int, none: int) -> None:
        """More of them, [products, units], the last tile filled up with `none`."""
        tiles = -(-len(literals) // lanes)
        padded = np.full((tiles * lanes, self.units), none, np.int32)
        padded[: len(literals)] = literals
        self.near.append(padded.reshape(tiles, lanes, self.units).transpose(0, 2, 1))
        self.count += len(literals)


def _spin_products(sums: Sequence[ProductSum], spin: Array) -> Iterator[tuple[int, Products]]:
    """Numbers of units, with products of so many spins and their weights in every sum, [products,
    sums]; units that are 0 or 1 are (1 + s)/2. A product of several spins comes once in a block,
    any other once.
    """
    single, constant = np.zeros((len(spin), len(sums))), np.zeros((1, len(sums)))
    blocks = ([(k, *x)] for k, own in enumerate(sums) for x in own.blocks)
    whole = [(k, *x) for k, own in enumerate(sums) for x in own.parts]
    for block in chain(blocks, [whole]):
        for units, (columns, weights) in sorted(_of_block(block, spin, len(sums)).items()):
            if units > 1:
                yield units, _once(columns, weights)
            elif units:
                np.add.at(single, columns[:, 0], weights)
            else:
                constant += weights.sum(axis=0)
    some = np.flatnonzero((single != 0).any(axis=1))
    yield 0, (np.zeros((1, 0), np.int64), constant)
    if len(some):
        yield 1, (some[:, None], single[some])


def _of_block(
    block: Sequence[tuple[int, Array, Array]], spin: Array, sums: int
) -> dict[int, Products]:
    """Number of units → products of so many spins and their weights: of the columns and weights of
    these sums.
    """
    found: dict[int, list[Products]] = {}
    for k, columns, weight in block:
        binary = ~spin[columns]
        for kept in product((False, True), repeat=columns.shape[1]):
            left_out = ~np.array(kept, bool)
            rows = ~(~binary & left_out).any(axis=1)  # a spin is in every product
            w = np.zeros((rows.sum(), sums))
            w[:, k] = weight[rows] * 0.5 ** binary[rows].sum(axis=1)
            own = np.sort(columns[rows][:, ~left_out], axis=1)
            found.setdefault(own.shape[1], []).append((own, w))
    return {
        units: (np.concatenate([c for c, _ in each]), np.concatenate([w for _, w in each]))
        for units, each in found.items()
    }


def _once(columns: Array, weights: Array) -> Products:
    """The same products, each with its weights together."""
    kinds, number = unique_rows(columns)
    total = np.zeros((len(kinds), weights.shape[1]))
    np.add.at(total, number, weights)
    return kinds, total
