"""Training reaches what can be reached: 4×4 bars and stripes, 30 equally likely patterns, at best
−log 30 nats a case.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled

MODEL = """
model bars(D = 16, H = 12) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.1), b, c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { positive exact  negative exact  optimizer adam(rate = 0.05)  batch 30  epochs 500 }
}
"""


def bars_and_stripes(n: int) -> np.ndarray:
    """All images whose rows are constant, or whose columns are."""
    stripes = [np.repeat([[b >> k & 1] for k in range(n)], n, axis=1) for b in range(2**n)]
    return np.array(
        sorted({tuple(x.ravel()) for x in stripes} | {tuple(x.T.ravel()) for x in stripes}),
        np.float32,
    )


def gap(machine, data):  # type: ignore[no-untyped-def]
    """Nats a case between the machine and the data's own entropy."""
    return -np.log(len(data)) - float(machine.log_likelihood(data).mean())


def test_exact_gradient_comes_within_a_tenth_of_a_nat_of_the_entropy():
    data = bars_and_stripes(4)
    assert data.shape == (30, 16)
    machine = bmdsl.parse(MODEL).compile(dtype="float64")
    before = gap(machine, data)
    machine.train(data)
    assert before > 7
    assert 0 < gap(machine, data) < 0.1


def test_exact_gradient_climbs_the_exact_likelihood_step_by_step():
    data = bars_and_stripes(3)
    machine = bmdsl.parse(MODEL, D=9, H=4).compile(dtype="float64")
    gaps = []
    for _ in range(20):
        machine.train(data, optimizer="sgd(rate = 0.1)", epochs=5, batch=len(data))
        gaps.append(gap(machine, data))
    assert all(b < a for a, b in zip(gaps, gaps[1:], strict=False))


@pytest.mark.stat
@pytest.mark.slow
def test_persistent_chains_come_close():
    data = bars_and_stripes(4)
    machine = bmdsl.parse(MODEL, H=16).compile(seed=1)
    machine.train(
        data,
        negative="pcd(steps = 5, chains = 500)",
        optimizer="sgd(rate = 0.1, momentum = 0.5)",
        schedule="linear(to = 0)",
        epochs=4000,
    )
    assert 0 < gap(machine, data) < 0.4
