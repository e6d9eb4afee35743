"""`penalty maxnorm(W, 1)` scaled the columns of a `fixed` W: training changed what was not to be
trained.
"""

from __future__ import annotations

import numpy as np

import bmdsl

TEXT = """model m { visible v[4] : binary  hidden h[3] : binary
  param W init normal(0, 3) fixed  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative cd()  penalty maxnorm(W, 0.5)  batch 5  epochs 2 } }"""


def test_a_fixed_parameter_longer_than_the_bound_stays() -> None:
    machine = bmdsl.parse(TEXT).compile(seed=1)
    before = {n: x.copy() for n, x in machine.params.items()}
    assert np.linalg.norm(before["W"], axis=0).min() > 0.5
    machine.train((np.random.default_rng(0).random((20, 4)) < 0.5).astype(float), progress=False)
    np.testing.assert_array_equal(machine.params["W"], before["W"])
    assert not np.array_equal(machine.params["b"], before["b"])
