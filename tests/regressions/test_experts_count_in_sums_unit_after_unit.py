"""A square of a projection was left out of log Z, gradients, marginals and exact samples wherever
units were summed one by one.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_two_spins_and_a_given_unit() -> None:
    """E = −(s0 + s1)² − u s1 at u = 1: weights e⁵, e³ of equal spins up and down, e and 1/e of
    unequal ones.
    """
    m = bmdsl.parse(
        "model m { given u : binary  visible s[2] : spin  energy = - square(s[i]) - u s[1] }"
    ).compile(dtype="float64", backend="reference")
    up_up, down_down, down_up, up_down = np.exp([5, 3, 1, -1])
    wanted = (up_up + up_down - down_up - down_down) / (up_up + up_down + down_up + down_down)
    assert m.marginals(clamp={"u": np.array([1.0])})["s"][0] == pytest.approx(wanted)


def test_three_spins_drawn_exactly_are_aligned() -> None:
    m = bmdsl.parse("model m { visible s[3] : spin  energy = - square(s[i]) }").compile(
        dtype="float64", backend="reference"
    )
    s = m.exact_sample(4000)["s"]
    aligned = 2 * np.exp(9) / (2 * np.exp(9) + 6 * np.exp(1))
    assert (np.abs(s.sum(1)) == 3).mean() == pytest.approx(
        aligned, abs=6 * np.sqrt(aligned * (1 - aligned) / 4000)
    )
