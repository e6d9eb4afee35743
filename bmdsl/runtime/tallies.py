"""Sums of products of units, of chains that are bits: what counts of odd products make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..schedule.bit_ops import LANES
from ..schedule.tally_ops import TILES
from .bit_form import NotBits
from .listing import Listing

Array = np.ndarray
MOST_CLASSES = 32
"""Different weights of products that are counted class by class."""


@dataclass(frozen=True)
class ProductSum:
    """constant + Σ_f weight[f] Π x[columns[f]], of columns of all listed groups side by side."""

    parts: tuple[tuple[Array, Array], ...]
    """Columns [products, units of each] and weights [products], for each number of units."""
    constant: float = 0.0


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
    near, runs, ends = [np.zeros(0, np.int64)], list[tuple[int, int, int]](), [0]
    scale = list[Array]()
    for units, (columns, weights) in sorted(_spin_products(sums, spin).items()):
        if not units:
            constant += weights.sum(axis=0)
            continue
        first = np.argmax(weights != 0, axis=1)
        sign = np.sign(weights[np.arange(len(weights)), first])
        columns, weights, sign = columns[sign != 0], weights[sign != 0], sign[sign != 0]
        kinds, number = np.unique(weights * sign[:, None], axis=0, return_inverse=True)
        if len(ends) + len(kinds) > MOST_CLASSES + 1:
            raise NotBits("products of units have many different weights")
        literals = 2 * places[columns]
        literals[:, 0] += sign < 0
        for k, weight in enumerate(kinds):
            own = literals[number.reshape(-1) == k]
            even = (-1) ** units * weight
            constant, scale = constant + len(own) * even, [*scale, -2 * even]
            tiles = -(-len(own) // lanes)
            padded = np.full((tiles * lanes, units), none)
            padded[: len(own)] = own
            begin = sum(map(len, near))
            near.append(padded.reshape(tiles, lanes, units).transpose(0, 2, 1).ravel())
            for t in range(0, tiles, TILES):
                runs.append((begin + t * lanes * units, min(TILES, tiles - t), units))
            ends.append(len(runs))
    arrays: dict[str, Array] = {
        "products": np.concatenate(near).astype(np.int32),
        "runs": np.array(runs, np.int64).reshape(-1, 3),
        "classed": np.array(ends, np.int64),
    }
    return Tallies(arrays, np.array(scale).reshape(len(scale), len(sums)).T, constant)


def _spin_products(sums: Sequence[ProductSum], spin: Array) -> dict[int, tuple[Array, Array]]:
    """Number of units → products of so many spins, each once, and their weights in every sum,
    [products, sums]; units that are 0 or 1 are (1 + s)/2.
    """
    found: dict[int, list[tuple[Array, Array]]] = {}
    for k, x in enumerate(sums):
        for columns, weight in x.parts:
            binary = ~spin[columns]
            for kept in product((False, True), repeat=columns.shape[1]):
                left_out = ~np.array(kept, bool)
                rows = ~(~binary & left_out).any(axis=1)  # a spin is in every product
                w = np.zeros((rows.sum(), len(sums)))
                w[:, k] = weight[rows] * 0.5 ** binary[rows].sum(axis=1)
                own = np.sort(columns[rows][:, ~left_out], axis=1)
                found.setdefault(own.shape[1], []).append((own, w))
    out = {}
    for units, each in found.items():
        every = np.concatenate([columns for columns, _ in each])
        columns, number = np.unique(every, axis=0, return_inverse=True)
        weights = np.zeros((len(columns), len(sums)))
        np.add.at(weights, number.reshape(-1), np.concatenate([w for _, w in each]))
        out[units] = columns, weights
    return out
