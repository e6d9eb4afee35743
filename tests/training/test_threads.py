"""The same seed trains and samples to the same bits with one thread and with two."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled

LAYERS = """
model m(D = 200, H = 130) {
  visible v[D] : binary
  hidden  h[H] : binary
  hidden  s[7] : categorical(3)
  param W, V, b, c
  energy = - W[i,j] v[i] h[j] - V[j,k,a] h[j] s[k,a] - b[i] v[i] - c[j] h[j]
  train { positive meanfield()  negative pcd(steps = 2, chains = 30)  optimizer adam(rate = 0.01)
  batch 25  epochs 2 }
}
"""


LATTICE = """
model m(n = 20) {
  visible v[n, 10] : spin
  param J[2], b
  energy = - J[0] v[x,y] v[wrap(x+1),y] - J[1] v[x,y] v[x,wrap(y+1)] - b v[x,y]
  train { negative pcd(steps = 2, chains = 30)  optimizer sgd(rate = 0.01)  batch 25  epochs 2 }
}
"""
THIRD_ORDER = """
model m(D = 200, H = 60) {
  visible v[D] : binary
  hidden  h[H] : nrelu
  hidden  z : categorical(5)
  param W[D, H, 5], b
  energy = - W[i,j,k] v[i] h[j] z[k] - b[i] v[i]
  train { negative cd(steps = 2)  optimizer sgd(rate = 0.0001)  batch 25  epochs 2 }
}
"""


@pytest.mark.skipif(
    numba.config.NUMBA_NUM_THREADS < 2, reason="one core: there is no second thread to compare with"
)
@pytest.mark.parametrize(
    "text", [LAYERS, LATTICE, THIRD_ORDER], ids=["layers", "lattice", "third order"]
)
def test_one_thread_and_two_give_the_same_bits(text: str) -> None:
    data = (np.random.default_rng(0).random((100, 200)) < 0.4).astype(np.float32)
    data = 2 * data.reshape(100, 20, 10) - 1 if text == LATTICE else data
    results, before = [], numba.get_num_threads()
    for threads in (1, 2):
        numba.set_num_threads(threads)
        machine = bmdsl.parse(text).compile(seed=3)
        machine.train(data)
        results.append(
            {
                **machine.params,
                **machine.sample(20, steps=5),
                "again": machine.reconstruct(data[:5]),
            }
        )
    numba.set_num_threads(before)
    for name in results[0]:
        np.testing.assert_array_equal(results[0][name], results[1][name], err_msg=name)
