"""A Gaussian RBM on two narrow clusters with a wide sigma was called healthy, at -2.8 nats where
one Gaussian has -0.9.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled

TEXT = """model g { visible v[2] : gaussian(sigma = SIGMA)  hidden h[3] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd()  batch 50  epochs 30  optimizer sgd(rate = 0.01) } }"""


@pytest.mark.parametrize(
    ("sigma", "scale", "what"), [("1", 1.0, "too wide"), ("1", 30.0, "too narrow")]
)
def test_a_wrong_width_is_in_the_health_line(sigma: str, scale: float, what: str) -> None:
    rng = np.random.default_rng(0)
    centres = np.where(rng.random((600, 1)) < 0.5, -1.0, 1.0)
    x = scale * (centres + rng.normal(0, 0.1, (600, 2)))
    m = bmdsl.parse(TEXT.replace("SIGMA", sigma)).compile(seed=0, dtype="float64")
    run = m.train(
        x,
        optimizer="sgd(rate = 1e-4)" if scale > 1 else "sgd(rate = 0.01)",
        epochs=2 if scale > 1 else 30,
    )
    assert f"v is {what} for the data" in run.health
    assert "the model is worse than " in run.summary()


def test_a_right_width_is_not_minded() -> None:
    x = np.random.default_rng(1).normal(0, 1, (600, 2))
    run = bmdsl.parse(TEXT.replace("SIGMA", "1")).compile(seed=0, dtype="float64").train(x)
    assert "for the data" not in run.health and "worse" not in run.summary()
