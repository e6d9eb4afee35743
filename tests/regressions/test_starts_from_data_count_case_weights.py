"""`init logit_mean` took every case alike: 1,000 cases of weight 0 moved b from [−2.2, 0.41, …] to
[3.57, 4.42, …].
"""

from __future__ import annotations

import numpy as np

import bmdsl

TEXT = """model m(D = 5, H = 2) {
  visible v[D] : binary   hidden h[H] : binary
  param W init normal(0, 0.1)   param b init logit_mean(v)   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative exact  optimizer sgd(rate = 1e-14)  batch 50  epochs 1 }
}"""


def test_b_starts_at_the_logit_of_the_weighed_mean():
    few = (np.random.default_rng(0).random((30, 5)) < [0.2, 0.5, 0.7, 0.9, 0.4]).astype(float)
    many = np.r_[few, np.ones((1000, 5))]
    weights = np.r_[np.full(30, 2.0), np.zeros(500), np.full(500, 0.06)]
    machine = bmdsl.parse(TEXT).compile(dtype="float64")
    machine.train(many, weights=weights)
    mean = (2 * few.sum(0) + 30) / 90
    np.testing.assert_allclose(machine.params["b"], np.log(mean / (1 - mean)), rtol=1e-9)
