"""Multinary hidden units against what they stand for: N binary copies with offset biases
(Differentiable multinary RBMs, eq. 5), every state summed.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import logit, logsumexp

import bmdsl

MODEL = """model m(N = 1, k = 1) {
  visible v[3] : binary   hidden h[2] : multinary(N, gain = k)
  param W, a, b   energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j]
}"""
CASES = np.array(list(itertools.product((0.0, 1.0), repeat=3)))


def free_energies(n: int, k: float, bias: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The machine's free energies of every visible state, and those of n copies a hidden unit with
    offsets f⁻¹(i − ½), f(x) = nσ(kx).
    """
    m = bmdsl.parse(MODEL, N=n, k=k).compile(seed=0, dtype="float64", backend="reference")
    generator = np.random.default_rng(n)
    m.params["W"] = generator.normal(0, scale, (3, 2))
    m.params["a"] = generator.normal(0, 1, 3)
    m.params["b"] = np.array([bias, -bias])
    offsets = logit((np.arange(n) + 0.5) / n) / k
    fields = (CASES @ m.params["W"] + m.params["b"])[:, :, None] - offsets
    states = np.array(list(itertools.product((0.0, 1.0), repeat=2 * n))).reshape(-1, 2, n)
    exact = -CASES @ m.params["a"] - logsumexp(np.einsum("cjn,sjn->cs", fields, states), axis=1)
    return np.asarray(m.free_energy(v=CASES)), exact


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("k", [0.3, 0.6, 1.0, 2.0])
def test_the_free_energy_is_that_of_offset_copies_within_the_approximations_bounds(
    n: int, k: float
) -> None:
    """A unit's error lies between −log 2/k (offsets far apart: a staircase for a sigmoid) and n k
    π²/24 (copies are sigmoids themselves, not steps).
    """
    for bias, scale in ((0.0, 1e-3), (0.5, 0.5), (-2.0, 2.0)):
        machines, exact = free_energies(n, k, bias, scale)
        assert (machines - exact <= 2 * n * k * np.pi**2 / 24).all()
        assert (machines - exact >= -2 * np.log(2) / k).all()


@pytest.mark.parametrize("n", [2, 5])
def test_far_fields_leave_no_error(n: int) -> None:
    machines, exact = free_energies(n, 1.0, 60.0, 1.0)
    np.testing.assert_allclose(machines, exact, rtol=1e-10)


def test_one_copy_with_gain_1_is_exact_and_more_are_not() -> None:
    np.testing.assert_allclose(*free_energies(1, 1.0, 0.3, 1.0), rtol=1e-12)
    machines, exact = free_energies(5, 1.0, 0.0, 1e-3)
    assert np.abs(machines - exact).min() > 0.5
