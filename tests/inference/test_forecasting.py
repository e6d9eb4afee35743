"""Forecasts: which group feeds which past, how frames shift, and the distribution of the second
frame against enumeration.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from tests import naive
from tests.stats import verify_counts

TEXT = """model m { given past[2,2] : binary  visible v[2] : binary  hidden h : binary
  param A, B, b
  energy = - A[t,k,i] past[t,k] v[i] - B[i] v[i] h - b[i] v[i] }"""
TWO = """model m { given past[3] : gaussian  given other : binary  visible v : gaussian
  visible u : gaussian  param a, b
  energy = - a[t] past[t] v - b u - other u }"""


def machine() -> Machine:
    m = bmdsl.parse(TEXT).compile(dtype="float64", backend="reference", seed=1)
    generator = np.random.default_rng(2)
    for name, x in m.params.items():
        m.params[name] = generator.normal(0, 1.2, x.shape)
    return m


def test_the_second_frame_is_drawn_given_the_first() -> None:
    m = machine()
    past = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    states = np.array(list(itertools.product((0.0, 1.0), repeat=2)))

    def probabilities(x: np.ndarray) -> np.ndarray:
        data = {"past": np.repeat(x[None], 4, axis=0), "v": states}
        return np.exp(naive.log_likelihood_given(m.model, m.params, data))

    expected = np.zeros((4, 4))
    for k, p in enumerate(probabilities(past[0])):
        expected[k] = p * probabilities(np.stack([past[0, 1], states[k]]))
    v = m.forecast({"past": past}, 2, n=400, steps=3)["v"]
    assert v.shape == (400, 2, 2)
    codes = (v @ [2, 1]).astype(int)
    counts = np.bincount(codes[:, 0] * 4 + codes[:, 1], minlength=16)
    verify_counts(counts, expected.ravel())


def test_a_past_that_shapes_leave_open_is_said_by_hand() -> None:
    m = bmdsl.parse(TWO).compile(dtype="float64", backend="reference")
    m.params["a"] = [0.0, 0.0, 5.0]
    given = {"past": np.zeros((4, 3)), "other": np.ones(4)}
    with pytest.raises(BmError, match="BM792"):
        m.forecast(given, 2)
    found = m.forecast(given, 3, steps=2, feed={"past": "v"})
    assert found["v"].shape == (4, 3) and found["u"].shape == (4, 3)
    for code, feed in (("BM793", {"past": "w"}), ("BM793", {"other": "v"})):
        with pytest.raises(BmError, match=code):
            m.forecast(given, 2, feed=feed)
    with pytest.raises(BmError, match="BM807"):
        m.forecast(given, 2, n=3, feed={"past": "v"})


def test_a_model_without_a_past_has_no_forecast() -> None:
    text = (
        "model m { given x[2] : binary  visible v[2] : binary  param A  energy = - A[i,j] x[i]"
        " v[j] }"
    )
    with pytest.raises(BmError, match="BM791"):
        bmdsl.parse(text).compile(backend="reference").forecast({"x": np.ones((1, 2))}, 3)
