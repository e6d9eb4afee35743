"""Chains side by side in memory left experts out where another group's couplings were written out:
E[v0 v1] was 0.
"""

from __future__ import annotations

import numpy as np

import bmdsl
from tests.stats import verify_mean


def test_beside_a_ring() -> None:
    text = (
        "model m { visible v[3] : spin  hidden h[3] : spin  energy = - 0.5 h[i] h[wrap(i+1)] - 0.2"
        " * square(sum[i] v[i]) }"
    )
    drawn = (
        bmdsl.parse(text)
        .compile(seed=0, dtype="float64", backend="reference")
        .sample(400, steps=12)
    )
    v = np.array(np.meshgrid(*[[-1.0, 1]] * 3)).reshape(3, -1).T
    p = np.exp(0.2 * v.sum(1) ** 2)
    verify_mean(drawn["v"][:, 0] * drawn["v"][:, 1], float(p @ (v[:, 0] * v[:, 1]) / p.sum()))
    t = np.tanh(0.5)
    verify_mean(drawn["h"][:, 0] * drawn["h"][:, 1], (t + t**2) / (1 + t**3))
