"""The energy of chains that are bits, as what counting them needs: items of a few bits, in runs of
one weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .coupling_blocks import blocks_of, ends_of, spread
from .fields import Fields
from .program import Program

Array = np.ndarray
PAIR = 2
"""Units of most terms: a term with a unit of values 0 and 1 has no more (`bit_form`)."""


@dataclass(frozen=True)
class BitTerms:
    """Items, runs and their weights as `sum_bit_terms` takes them: −E but for terms of units that
    are all held fixed.
    """

    arrays: Mapping[str, Array]
    """`run`, `run_weight`, `item`, `item_near`, `item_both`."""
    offset: float


@dataclass
class _Items:
    """Items as they are found: literals of each, one that must be 1 too, and a weight."""

    near: list[Array]
    both: list[Array]
    weight: list[Array]
    offset: float = 0.0

    def add(self, near: Array, both: Array, weight: Array) -> None:
        """More items, of one literal or of as many each: [items] or [items, literals]."""
        self.near.append((near[:, None] if near.ndim == 1 else near).astype(np.int32))
        self.both.append(both.astype(np.int32))
        self.weight.append(weight)

    def add_products(self, columns: Array, value: Array) -> None:
        """Σ value Π s of spins: each product is −1 or 1, 1 − 2 times a sum modulo 2."""
        near = 2 * columns
        odd = columns.shape[1] % 2 == 1
        near[:, 0] += (value > 0) ^ odd  # counts where the product has the sign of the value
        self.offset -= float(np.abs(value).sum())
        self.add(near, np.full(len(value), -1), 2 * np.abs(value))


def bit_terms(
    program: Program, f: Fields, free: Sequence[str], place: Mapping[str, Array]
) -> BitTerms:
    """The terms of the units of `free`, each once, whose units stand at these places."""
    listing = program.listing
    assert listing is not None
    names = list(listing.offset)
    columns = np.concatenate([place[n] for n in names])
    is_spin, is_free = (
        np.concatenate([np.full(program.sizes[n], what(n)) for n in names])
        for what in (lambda n: program.plan.group(n).unit.name == "spin", lambda n: n in free)
    )
    items = _Items([], [], [], -float(f.constant))
    for n in free:
        for part in blocks_of(program.sizes[n]):
            own = listing.offset[n] + np.arange(part.start, part.stop)
            bias = np.asarray(f.bias[n]).reshape(-1)[part.start : part.stop].astype(np.float64)
            _add_block(items, own, bias, program.block(f, n, part), is_spin, is_free, columns)
    return _in_runs(items)


def _add_block(
    items: _Items,
    own: Array,
    bias: Array,
    couplings: tuple[Array, ...],
    is_spin: Array,
    is_free: Array,
    columns: Array,
) -> None:
    """The terms of a block of units, and their biases."""
    start, other, value, more, more_value, more_start, more_other = couplings
    unit, other = np.repeat(own, np.diff(start)), np.asarray(other, np.int64)
    once = (unit < other) | ~is_free[other]
    pairs = np.stack([unit[once], other[once]], axis=1)
    _add_pairs(items, pairs, np.asarray(value, np.float64)[once], is_spin, columns)
    count = np.diff(more_start)
    unit = np.repeat(own, np.diff(more))
    np.add.at(bias, unit[count == 0] - own[0], np.asarray(more_value, np.float64)[count == 0])
    for k in np.unique(count[count > 0]):
        chosen = np.flatnonzero(count == k)
        others = np.asarray(more_other, np.int64)[more_start[chosen][:, None] + np.arange(k)]
        first = ((others > unit[chosen][:, None]) | ~is_free[others]).all(axis=1)
        terms = np.concatenate([unit[chosen][:, None], others], axis=1)[first]
        weights = np.asarray(more_value, np.float64)[chosen][first]
        _add_terms(items, terms, weights, is_spin, columns)
    _add_terms(items, own[:, None], bias, is_spin, columns)


def _add_pairs(items: _Items, pairs: Array, value: Array, is_spin: Array, columns: Array) -> None:
    spins = is_spin[pairs].sum(axis=1)
    both = spins == PAIR
    items.add_products(columns[pairs[both]], value[both])
    for kind in (0, 1):
        some = spins == kind
        a, b = pairs[some].T
        a, b = np.where(is_spin[a], b, a), np.where(is_spin[a], a, b)  # a spin stands second
        factor = 2.0 if kind else 1.0
        items.add(2 * columns[a], 2 * columns[b], factor * value[some])
        if kind:
            items.add(2 * columns[a], np.full(len(a), -1), -value[some])


def _add_terms(items: _Items, units: Array, value: Array, is_spin: Array, columns: Array) -> None:
    """Terms of one unit, or of several spins and perhaps one unit of values 0 and 1 before them."""
    spins = is_spin[units].all(axis=1)
    items.add_products(columns[units[spins]], value[spins])
    rest, value = columns[units[~spins]], value[~spins]
    none = np.full(len(rest), -1)
    if rest.shape[1] == 1:
        items.add(2 * rest, none, value)
        return
    near = 2 * rest[:, 1:]  # x Π s = x − 2 x (1 if the product is −1)
    near[:, 0] += rest.shape[1] % 2 == 0
    items.add(near, 2 * rest[:, 0], -2 * value)
    items.add(2 * rest[:, :1], none, value)


def _in_runs(items: _Items) -> BitTerms:
    weight = np.concatenate([np.zeros(0), *items.weight])
    both = np.concatenate([np.zeros(0, np.int32), *items.both])
    count = np.concatenate([np.full(len(x), x.shape[1]) for x in items.near])
    literals = np.concatenate([x.ravel() for x in items.near])
    kept = weight != 0
    order = np.flatnonzero(kept)[np.argsort(weight[kept], kind="stable")]
    begin, count = (np.cumsum(count) - count)[order], count[order]
    chosen, _ = spread(begin, count)
    values, first = np.unique(weight[order], return_index=True)
    arrays = {
        "run": np.append(first, len(order)).astype(np.int64),
        "run_weight": values,
        "item": ends_of(count),
        "item_near": literals[chosen],
        "item_both": both[order],
    }
    return BitTerms(arrays, items.offset)
