"""NaN ran through free energies and posteriors, and exact samples given it had every hidden unit at
0.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_an_rbm_of_three_units_with_one_unseen() -> None:
    """E = −3 (v0 + v1) h with v0 = 1: weights 1, 1 without h, e³ and e⁶ with it."""
    m = bmdsl.parse(
        "model m { visible v[2] : binary  hidden h : binary  energy = - 3 v[0] h - 3 v[1] h }"
    ).compile(dtype="float64", backend="reference")
    v = np.array([[1.0, np.nan]])
    on, total = np.exp(3) + np.exp(6), 2 + np.exp(3) + np.exp(6)
    assert m.free_energy(v=v)[0] == pytest.approx(-np.log(total))
    assert m.posterior(v=v)["h"][0] == pytest.approx(on / total)
    assert m.log_likelihood(v)[0] == pytest.approx(np.log(total / (total + 3 + np.exp(3))))
    assert m.marginals(clamp={"v": v})["v"][1] == pytest.approx((1 + np.exp(6)) / total)
    h = m.exact_sample(4000, clamp={"v": v})["h"]
    assert h.mean() == pytest.approx(
        on / total, abs=6 * np.sqrt(on / total * 2 / total / 4000) + 1e-3
    )
