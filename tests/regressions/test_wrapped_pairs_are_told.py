"""`wrap` on an axis of length 2 counted 8 bonds of 2×2 units where the periodic grid has
4, unsaid.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bmdsl

SIDE = "model m {{ visible s[{n},{n}] : spin  energy = {energy} }}"
SUMS = "- s[x,y] s[wrap(x+1),y] - s[x,y] s[x,wrap(y+1)]"
GRID = (
    "model m { graph G = grid(2, 2, periodic = true)  visible s[4] : spin  energy = - s[i] s[j] for"
    " <i,j> in G }"
)


def _codes(text: str) -> list[str]:
    return [d.code for d in bmdsl.parse(text).checked.lints]


def test_two_by_two_has_eight_bonds_by_wrap_and_four_by_grid() -> None:
    text = SIDE.format(n=2, energy=SUMS)
    up = np.ones((1, 2, 2))
    assert bmdsl.parse(text).compile(dtype="float64", backend="reference").energy(s=up) == [-8]
    assert bmdsl.parse(GRID).compile(dtype="float64", backend="reference").energy(
        s=up.reshape(1, 4)
    ) == [-4]
    assert _codes(text) == ["BM961", "BM961"] and _codes(GRID) == []
    assert _codes(SIDE.format(n=3, energy=SUMS)) == []


SHIFTS = st.lists(st.tuples(st.integers(1, 4), st.integers(-4, 4)), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(SHIFTS)
def test_the_warning_is_there_if_and_only_if_all_pairs_come_twice(
    axes: list[tuple[int, int]],
) -> None:
    shape, steps = [n for n, _ in axes], [d for _, d in axes]
    pairs: Counter[frozenset[tuple[int, ...]]] = Counter()
    for place in product(*map(range, shape)):
        other = tuple((x + d) % n for x, d, n in zip(place, steps, shape, strict=True))
        pairs[frozenset((place, other))] += 1
    twice = all(len(pair) == 2 and count == 2 for pair, count in pairs.items())
    letters = "xyz"[: len(axes)]
    moved = ",".join(f"wrap({x}{d:+d})" for x, d in zip(letters, steps, strict=True))
    text = (
        f"model m {{ visible s[{','.join(map(str, shape))}] : spin  param J\n"
        f"energy = - J s[{','.join(letters)}] s[{moved}] }}"
    )
    assert ("BM961" in _codes(text)) == twice


@pytest.mark.parametrize(
    "energy",
    ["- s[x] s[wrap(x+1)] for x in 0..1", "- s[x] s[wrap(2*x+1)]", "- s[x] s[wrap(x+1)] - s[x]"],
)
def test_ranges_and_steps_are_looked_at(energy: str) -> None:
    found = _codes(f"model m {{ visible s[2] : spin  energy = {energy} }}")
    assert ("BM961" in found) == energy.endswith("- s[x]")
