"""Filling in and taking noise away, against the exact posterior of tiny machines."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError

RBM = """model m { visible v[4] : KIND  hidden h[3] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""


def _machine(text: str, scale: float = 1.0) -> bmdsl.Machine:
    m = bmdsl.parse(text).compile(seed=0, dtype="float64")
    for k, (name, value) in enumerate(m.params.items()):
        m.params[name] = np.random.default_rng(k).normal(0, scale, value.shape)
    return m


@pytest.mark.parametrize(
    ("kind", "states"),
    [("binary", (0.0, 1.0)), pytest.param("spin", (-1.0, 1.0), marks=pytest.mark.slow)],
)
def test_denoised_cases_are_posterior_means(kind: str, states: tuple[float, float]) -> None:
    m = _machine(RBM.replace("KIND", kind), 1.5)
    every = np.array(list(itertools.product(states, repeat=4)))
    noisy = every[[3, 9]]
    log_p = -m.free_energy(v=every)
    found = np.mean(
        [
            m.denoise(np.repeat(noisy, 200, axis=0), 0.2, 100).reshape(2, 200, 4).mean(1)
            for _ in range(2)
        ],
        axis=0,
    )
    for n in range(2):
        wrong = (every != noisy[n]).sum(1)
        w = np.exp(log_p - log_p.max()) * 0.2**wrong * 0.8 ** (4 - wrong)
        np.testing.assert_allclose(found[n], (w / w.sum()) @ every, atol=0.03)


def test_real_values_are_denoised_towards_the_machine() -> None:
    m = _machine(
        "model m { visible v[2] : gaussian(sigma = 1)  hidden h[1] : binary  param W, b  energy = -"
        " W[i,j] v[i] h[j] - b[i] v[i] }"
    )
    x = np.array([[1.0, -2.0]])
    found = m.denoise(np.repeat(x, 400, axis=0), 0.5, 200).mean(0)
    log_w, means = [], []
    for h in (0.0, 1.0):  # given h: precision 1 + 4, field W h + b + 4 x
        eta = m.params["W"][:, 0] * h + m.params["b"] + 4 * x[0]
        log_w.append((eta**2 / 10).sum())
        means.append(eta / 5)
    p = np.exp(np.array(log_w) - np.logaddexp(*log_w))
    np.testing.assert_allclose(found, p @ np.array(means), atol=0.03)


def test_without_noise_it_is_up_and_down_once() -> None:
    m = _machine(RBM.replace("KIND", "binary"))
    v = np.array([[1.0, 0, 0, 1]])
    np.testing.assert_array_equal(m.denoise(v), m.reconstruct(v))


def test_filled_in_entries_are_posterior_means() -> None:
    m = _machine(RBM.replace("KIND", "binary"), 1.5)
    every = np.array(list(itertools.product((0.0, 1.0), repeat=4)))
    p = np.exp(-m.free_energy(v=every))
    seen = np.array([1.0, 0, 0, 0])
    hole = np.array([False, False, True, True])
    fits = (every[:, :2] == seen[:2]).all(1)
    found = m.impute(np.repeat(seen[None], 300, axis=0), hole, 200)
    np.testing.assert_allclose(
        found[:, 2:].mean(0), (p * fits / (p * fits).sum()) @ every[:, 2:], atol=0.03
    )
    assert (found[:, :2] == seen[:2]).all()


@pytest.mark.parametrize(
    ("text", "noise"),
    [
        (RBM.replace("KIND", "binary"), 0.6),
        (RBM.replace("KIND", "binary"), 0.0),
        (RBM.replace("KIND", "gaussian"), 0.0),
        (RBM.replace("KIND", "binomial(3)"), 0.1),
        (
            (
                "model m { visible v[4] : binary  param U symmetric  energy = - U[i,j] v[i] v[j]"
                " for i < j }"
            ),
            0.1,
        ),
    ],
)
def test_noise_that_means_nothing_is_refused(text: str, noise: float) -> None:
    with pytest.raises(BmError, match="BM817"):
        _machine(text).denoise(np.zeros((2, 4)), noise)
