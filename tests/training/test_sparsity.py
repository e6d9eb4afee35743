"""Sparse activity where the units of a feature map share a bias."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.language.structure import bias_of, shared_bias_of

FILTERS = """model m { visible v[6] : binary  hidden h[2, 4] : binary  param W[2, 3], a, b
  energy = - W[k,p] v[x+p] h[k,x] - a[i] v[i] - b[k] h[k,x] }"""


def test_a_shared_bias_gets_the_sum_of_its_units_pushes() -> None:
    data = np.random.default_rng(0).integers(0, 2, (20, 6)).astype(float)
    rows = []
    for penalty in ("l2(W, 0)", "sparsity(h, target = 0.1, rate = 3)"):
        m = bmdsl.parse(FILTERS).compile(seed=0, dtype="float64", backend="reference")
        m.train(
            data,
            epochs=1,
            batch=20,
            positive="exact",
            negative="exact",
            optimizer="sgd(rate = 1)",
            penalty=penalty,
        )
        rows.append(m.params["b"])
    start = bmdsl.parse(FILTERS).compile(seed=0, dtype="float64", backend="reference")
    q = start.conditional("h", v=data).mean(0)
    np.testing.assert_allclose(rows[1] - rows[0], 3 * (0.1 - q).sum(1), atol=1e-10)


def test_feature_maps_reach_their_target() -> None:
    data = np.random.default_rng(0).integers(0, 2, (20, 6)).astype(float)
    m = bmdsl.parse(FILTERS).compile(seed=0, dtype="float64", backend="reference")
    m.train(
        data,
        epochs=80,
        batch=20,
        positive="exact",
        negative="exact",
        optimizer="sgd(rate = 0.1)",
        penalty="sparsity(h, target = 0.1, rate = 5)",
    )
    assert m.conditional("h", v=data).mean((0, 2)) == pytest.approx([0.1, 0.1], abs=0.03)


def test_a_bias_of_each_unit_comes_before_one_that_units_share() -> None:
    both = bmdsl.parse("""model m { visible v[4] : binary  hidden h[2, 3] : binary  param W, s, b
      energy = - W[i,k,x] v[i] h[k,x] - s[k] h[k,x] - b[k,x] h[k,x] }""").checked
    own = bias_of(both, "h")
    assert own is not None and own.parameter == "b"
    shared = shared_bias_of(both, "h")
    assert shared is not None and (shared.parameter, shared.letters) == ("b", ("ab", "ab"))
