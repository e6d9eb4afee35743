"""The same seed trains and samples to the same bits with one thread and with two."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import bmdsl

TEXT = """
model m(D = 200, H = 130) {
  visible v[D] : binary
  hidden  h[H] : binary
  hidden  s[7] : categorical(3)
  param W, V, b, c
  energy = - W[i,j] v[i] h[j] - V[j,k,a] h[j] s[k,a] - b[i] v[i] - c[j] h[j]
  train { positive meanfield()  negative pcd(steps = 2, chains = 30)  optimizer adam(rate = 0.01)  batch 25  epochs 2 }
}
"""


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core: there is no second thread to compare with")
def test_one_thread_and_two_give_the_same_bits():
    data = (np.random.default_rng(0).random((100, 200)) < 0.4).astype(np.float32)
    results = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        machine = bmdsl.parse(TEXT).compile(seed=3)
        machine.train(data)
        results.append({**machine.params, **machine.sample(20, steps=5), "again": machine.reconstruct(data[:5])})
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    for name in results[0]:
        np.testing.assert_array_equal(results[0][name], results[1][name], err_msg=name)
