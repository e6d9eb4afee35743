"""`sample_block` draws what `sample` draws, for every type that has it."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl import units

NAMES = [n for n in units.names() if units.get(n).sample_block is not None]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("states", [2, 3, 21])
def test_units_side_by_side_are_drawn_as_one_by_one(name: str, states: int) -> None:
    unit, rng = units.get(name), np.random.default_rng(states)
    eta = rng.normal(0, 3, (states, 400))
    eta[:, :5] = np.array([1e4, -1e4, 0, 1e-9, 50])
    eta[0, :5] += 1.0
    u = (rng.integers(0, 1 << 23, 400) + 0.5) * 2.0**-23
    wanted, found = np.zeros(states), np.full((states, 400), np.nan)
    one_by_one = []
    for q in range(400):
        unit.sample(eta[:, q], u[q], wanted)
        one_by_one.append(wanted.copy())
    unit.sample_block(eta.copy(), u.copy(), found)
    np.testing.assert_array_equal(found.T, one_by_one)


@pytest.mark.parametrize("u", [2.0**-24, 1 - 2.0**-24])
def test_the_ends_of_uniform_numbers_pick_a_state(u: float) -> None:
    unit = units.get("categorical")
    found = np.zeros((3, 2))
    unit.sample_block(np.zeros((3, 2)), np.full(2, u), found)
    np.testing.assert_array_equal(found[:, 0], np.eye(3)[0 if u < 0.5 else 2])


def test_one_of_k_units_have_it() -> None:
    assert "categorical" in NAMES
