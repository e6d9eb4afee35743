"""Missing values (NaN): free in the positive phase, by clamping only what was observed."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled

MODEL = """
model m(D = 8, H = 6) {
  visible v[D] : binary
  hidden  h[H] : binary
  layers v -- h
  train { positive %s  negative pcd(chains = 100)  optimizer adam(rate = 0.015)
  schedule linear(to = 0.1)  batch 50  epochs 400  seed 0 }
}
"""


def copies(n: int) -> np.ndarray:
    """Four random pixels, each twice: what is missing can be told from its twin."""
    half = (np.random.default_rng(0).random((n, 4)) < 0.5).astype(np.float32)
    return np.hstack([half, half])


@pytest.mark.parametrize(
    "positive", [pytest.param("meanfield()", marks=pytest.mark.slow), "gibbs(steps = 5)"]
)
def test_a_machine_learns_from_incomplete_cases_what_it_would_from_whole_ones(
    positive: str,
) -> None:
    whole = copies(500)
    data = whole.copy()
    data[np.random.default_rng(1).random(data.shape) < 0.15] = np.nan
    machine = bmdsl.parse(MODEL % positive).compile(seed=0)
    before = float(machine.log_likelihood(whole).mean())
    machine.train(data)
    after = float(machine.log_likelihood(whole).mean())
    assert (
        before < -5.4 and after > -3.7
    )  # nats a case; 4 log 2 = 2.77 is the best there is, whole cases come to 3.0
    hole = np.zeros(8, bool)
    hole[5] = True
    filled = machine.impute(whole[:200], hole, steps=60)
    assert ((filled[:, 5] > 0.5) == (whole[:200, 5] > 0.5)).mean() > 0.75  # chance: 0.5
    np.testing.assert_array_equal(np.delete(filled, 5, 1), np.delete(whole[:200], 5, 1))


def test_imputed_values_are_the_exact_conditional_means():
    machine = bmdsl.parse(MODEL % "exact").compile(seed=3, dtype="float64")
    for name, x in machine.params.items():
        machine.params[name] = np.random.default_rng(4).normal(0, 0.8, x.shape)
    case = np.array([[1.0, 0, 1, 1, 0, 0, 1, 0]])
    hole = np.zeros(8, bool)
    hole[[2, 6]] = True
    both = np.repeat(case, 4, 0)
    both[:, 2], both[:, 6] = [0, 0, 1, 1], [0, 1, 0, 1]
    p = np.exp(-machine.free_energy(v=both))
    p /= p.sum()
    filled = np.mean([machine.impute(case, hole, steps=400)[0] for _ in range(20)], 0)
    np.testing.assert_allclose(filled[[2, 6]], [p[2] + p[3], p[1] + p[3]], atol=0.03)


def test_exact_phase_with_missing_values_is_refused_before_training():
    data = copies(100)
    data[77, 3] = np.nan
    with pytest.raises(bmdsl.BmError, match="BM752"):
        bmdsl.parse(MODEL % "exact").compile().train(data)


def test_without_a_named_phase_missing_values_choose_mean_field():
    data = copies(100)
    data[77, 3] = np.nan
    machine = bmdsl.parse(MODEL.replace("positive %s", "")).compile()
    assert machine.train(data, epochs=1).stopped == "done"
