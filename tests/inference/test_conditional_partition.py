"""log Z(x) of models with given groups: summed exactly against brute force, and by AIS within its
error of that, case by case.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from tests import naive
from tests.stats import ALPHA

pytestmark = pytest.mark.compiled

TEXTS = {
    "past": (
        """model m { given x[2,2] : gaussian  visible v[2] : gaussian  hidden h[3] : binary
      param W, A, B, b, c
      energy = - W[i,j] v[i] h[j] - A[t,k,i] x[t,k] v[i] - B[t,k,j] x[t,k] h[j] - b[i] v[i]
                 - c[j] h[j] }"""
    ),
    "labels": (
        """model m { given x : categorical(3)  visible v[4] : binary  hidden h[3] : binary
      param W, U, b, c
      energy = - W[i,j] v[i] h[j] - U[a,j] x[a] h[j] - b[i] v[i] - c[j] h[j] }"""
    ),
    "counts": (
        """model m { given x[2] : binomial(3)  visible v[3] : spin  hidden h[3] : binary
      param W, A, b, d
      energy = - W[i,j] v[i] h[j] - A[k,i] x[k] v[i] - b[i] v[i] - d[k] x[k] }"""
    ),
    "lateral": (
        """model m { given x[2] : poisson  visible v[4] : binary  hidden h[2] : binary
      param U symmetric  param W, A, b
      energy = - U[i,j] v[i] v[j] for i < j - W[i,j] v[i] h[j] - 0.3 A[k,i] x[k] v[i]
                 - b[i] v[i] }"""
    ),
    "third order": (
        """model m { given x[2] : spin  visible v[3] : binary  hidden h[3] : binary  param W, b
      energy = - W[k,i,j] x[k] v[i] h[j] - b[i] v[i] }"""
    ),
    "selected": (
        """model m { given x[2] : binary  visible v[3] : binary  hidden h[2] : binary
      hidden z : categorical(3)  param W, A, b, d
      energy = - W[i,k,j] v[i] z[k] h[j] - A[l,j] x[l] h[j] - b[i] v[i] - d[k] z[k] }"""
    ),
    "written out": (
        """model m { graph G = ring(4)  given x[4] : spin  visible v[4] : spin  param J, b
      energy = - J[i,j] v[i] v[j] for <i,j> in G - b x[i] v[i] }"""
    ),
}
GIVEN = {
    "past": [[[0.3, -1.0], [0.8, 0.1]], [[2.0, 0.0], [-1.0, 0.5]], [[0.0, 0.0], [0.0, 1.5]]],
    "labels": np.eye(3),
    "counts": [[0, 3], [2, 1], [3, 3]],
    "lateral": [[0, 4], [2, 1], [1, 0]],
    "third order": [[1, 1], [1, -1], [-1, -1]],
    "selected": [[0, 0], [1, 0], [1, 1]],
    "written out": [[1, 1, 1, 1], [1, -1, 1, -1], [-1, -1, -1, 1]],
}
QUICK = {"chains": 60, "steps": 10, "settle": 2, "schedule": "linear"}
"""Few moves, for the machines run in plain Python."""


def machine_of(kind: str) -> Machine:
    m = bmdsl.parse(TEXTS[kind]).compile(dtype="float64", backend="reference", seed=3)
    generator = np.random.default_rng(7)
    for name, value in m.params.items():
        x = generator.normal(0, 0.7, value.shape)
        if m.model.parameter(name).symmetric:
            x = np.triu(x, 1)
            x = x + x.T
        m.params[name] = x
    return m


def data_of(m: Machine, kind: str) -> dict[str, np.ndarray]:
    """Five cases: two pairs share their given values."""
    x = np.asarray(GIVEN[kind], float)[[0, 1, 2, 1, 0]]
    return {"x": x, "v": m.sample(5, steps=2, clamp={"x": x})["v"]}


@pytest.mark.parametrize("kind", TEXTS)
def test_the_exact_likelihood_equals_brute_force(kind: str) -> None:
    m = machine_of(kind)
    data = data_of(m, kind)
    if kind == "past":
        pytest.skip("no finite sum: `test_conditional_models` has it")
    expected = naive.log_likelihood_given(m.model, m.params, data)
    np.testing.assert_allclose(m.log_likelihood(data), expected, atol=1e-8)


@pytest.mark.parametrize("kind", TEXTS)
def test_ais_is_within_its_error_of_the_exact_sum_at_every_value(kind: str) -> None:
    m = machine_of(kind)
    data = data_of(m, kind)
    exact = -m.free_energy(**data) - m.log_likelihood(data)
    found = m.estimate_log_partition(data, given={"x": data["x"]}, **QUICK)
    assert found.value.shape == (5,) and found.chains == 20
    assert found.value[1] == found.value[3] and found.value[0] == found.value[4]
    # the error of 20 weights is itself an estimate: its quantile is that of Student's t
    worst = stats.t.isf(ALPHA / 2, found.chains - 1)
    for side in (found.forward, found.reverse):
        error = np.maximum(side.std_error[found.index], 1e-9)
        assert (error < 0.5).all()
        assert (np.abs(side.value[found.index] - exact) < worst * error).all()
    assert np.ptp(exact) > 0.05, "the values are to differ"
    by_ais = m.log_likelihood(data, "ais", **QUICK)
    np.testing.assert_allclose(by_ais, -m.free_energy(**data) - found.value, atol=1e-12)


def test_batches_of_values_have_random_numbers_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bmdsl.inference import conditional_partition

    m = machine_of("counts")
    x, data = np.asarray(GIVEN["counts"], float), data_of(m, "counts")
    whole = m.estimate_log_partition(data, given={"x": x}, **QUICK)
    monkeypatch.setattr(conditional_partition, "MAX_ROWS", 20)
    parts = m.estimate_log_partition(data, given={"x": x}, **QUICK)
    assert parts.value[0] == whole.value[0]
    assert parts.value[1] != whole.value[1]
    np.testing.assert_allclose(parts.value, whole.value, atol=6 * whole.std_error.max())


def test_the_mean_of_cases_that_share_a_value_has_the_whole_error() -> None:
    m = machine_of("counts")
    x = np.repeat(np.asarray(GIVEN["counts"], float)[:1], 50, axis=0)
    found = m.estimate_log_partition(data_of(m, "counts"), given={"x": x}, reverse=False, **QUICK)
    assert found.mean(found.forward) == pytest.approx((found.value[0], found.std_error[0]))


def test_what_says_no_value_or_a_wrong_group_is_refused() -> None:
    m = machine_of("counts")
    x = np.asarray(GIVEN["counts"], float)
    for code, options in {
        "BM809": {},
        "BM790": {"given": {"v": np.ones((2, 3))}},
        "BM808": {"given": {"x": x}, "start": {"v": np.ones((2, 3))}},
        "BM814": {"given": {"x": x}, "steps": 1},
        "BM774": {"given": {"x": x + 0.5}},
    }.items():
        with pytest.raises(BmError, match=code):
            m.estimate_log_partition(data_of(m, "counts"), **options)
    with pytest.raises(BmError, match="BM808"):
        m.log_likelihood({"x": x, "v": np.ones((3, 3))}, "guess")
    plain = bmdsl.parse("model m { visible v[2] : binary  param b  energy = - b[i] v[i] }").compile(
        backend="reference"
    )
    with pytest.raises(BmError, match="BM790"):
        plain.estimate_log_partition(given={"v": np.ones((2, 2))})
