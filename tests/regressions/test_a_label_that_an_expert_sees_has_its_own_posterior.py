"""A one-of-K group that was left out and stood in an expert was summed as if it had no expert: all
labels equally likely.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

import bmdsl


def test_the_posterior_of_a_label_inside_a_square() -> None:
    m = bmdsl.parse(
        "model m { visible v[2] : binary  visible y : categorical(3)  param A, b  energy = -"
        " square(A[k] y[k] + b[i] v[i]) }"
    ).compile(dtype="float64", backend="reference")
    m.params["A"], m.params["b"] = np.array([0.5, -1.0, 2.0]), np.array([1.0, -0.3])
    found = m.posterior(v=np.ones((1, 2)))["y"][0]
    np.testing.assert_allclose(found, softmax((m.params["A"] + 0.7) ** 2), atol=1e-12)
