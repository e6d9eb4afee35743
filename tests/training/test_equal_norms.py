"""The penalty of Desjardins, Courville & Bengio (2012), eq. 15, against its own finite
differences.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.registry import discover
from bmdsl.tasks import resume as resuming
from bmdsl.tasks import train as fitting

pytestmark = pytest.mark.compiled

DEEP = """model m { visible v[5] : binary  hidden h[4] : binary  hidden g[3] : binary
  param W, V, b, c, d
  energy = - W[j,i] v[i] h[j] - V[j,k] h[j] g[k] - b[i] v[i] - c[j] h[j] - d[k] g[k]
  train { positive meanfield()  negative pcd(chains = 20)
  penalty equal_norms(W = 0.3, V = 0.2, coupling = 0.7, damping = 0.5)
          optimizer sgd(rate = 0.1)  batch 10  epochs 3 } }"""
MODULE = discover("bmdsl.training.penalties")["equal_norms"]


def _machine() -> bmdsl.Machine:
    m = bmdsl.parse(DEEP).compile(seed=0, dtype="float64", backend="reference")
    for k, (name, value) in enumerate(m.params.items()):
        m.params[name] = np.random.default_rng(k).normal(0, 1, value.shape)
    return m


def test_gradient_is_the_finite_difference_of_the_penalty() -> None:
    m = _machine()
    choice = m.model.training.penalty[0]
    state = {"mu_W": np.array(1.3), "mu_V": np.array(0.4)}
    gradient = {n: np.zeros_like(x) for n, x in m.params.items()}
    held = {n: x.copy() for n, x in state.items()}
    MODULE.follow(m, choice, gradient, held, 0.1)
    for name in ("W", "V"):
        for at in np.ndindex(m.params[name].shape):
            ends = []
            for sign in (1, -1):
                m.params[name][at] += sign * 1e-6
                ends.append(MODULE.value(m, choice, state))
                m.params[name][at] -= sign * 1e-6
            assert gradient[name][at] == pytest.approx(-(ends[0] - ends[1]) / 2e-6, abs=1e-6)
    for name in state:
        ends = [
            MODULE.value(m, choice, {**state, name: state[name] + step}) for step in (1e-6, -1e-6)
        ]
        assert held[name] - state[name] == pytest.approx(
            -0.1 * 0.5 * (ends[0] - ends[1]) / 2e-6, abs=1e-7
        )
    assert not any(gradient[n].any() for n in "bcd")


def test_weight_vectors_belong_to_the_upper_layer_however_the_axes_stand() -> None:
    m = _machine()
    W, V = m.params["W"], m.params["V"]
    state = MODULE.start(m, m.model.training.penalty[0])
    assert state["mu_W"] == pytest.approx(
        np.linalg.norm(W, axis=1).mean()
    )  # W[j, i]: a vector for each h[j]
    assert state["mu_V"] == pytest.approx(
        np.linalg.norm(V, axis=0).mean()
    )  # V[j, k]: a vector for each g[k]


def test_norms_become_equal_and_mean_norms_survive_a_resume(tmp_path) -> None:  # type: ignore[no-untyped-def]
    x = (np.random.default_rng(0).random((60, 5)) < 0.5).astype(float)
    spread = {}
    for strength in ("0", "2"):
        m = (
            bmdsl.parse(DEEP)
            .bind({"epochs": "30", "penalty": f"equal_norms(W = {strength}, damping = 0.01)"})
            .compile(seed=0)
        )
        m.params["W"] = np.random.default_rng(0).normal(0, 1, (4, 5))
        m.train(x)
        spread[strength] = np.linalg.norm(m.params["W"], axis=1).std()
    assert spread["2"] < 0.2 * spread["0"]
    np.save(tmp_path / "x.npy", x)
    model = bmdsl.parse(DEEP)
    whole = fitting.start(model, str(tmp_path / "x.npy"), tmp_path / "whole", None, "float32")
    fitting.start(
        model.bind({"epochs": 2}), str(tmp_path / "x.npy"), tmp_path / "part", None, "float32"
    )
    rest = resuming.resume(tmp_path / "part", {"epochs": 3})
    for name, value in whole.machine.params.items():
        np.testing.assert_array_equal(value, rest.machine.params[name])


def test_what_names_no_weights_is_refused() -> None:
    x = np.zeros((10, 5))
    with pytest.raises(BmError, match="BM764"):
        bmdsl.parse(DEEP).bind({"penalty": "equal_norms(coupling = 1)"}).compile().train(x)
    with pytest.raises(BmError, match="BM765"):
        bmdsl.parse(DEEP).bind({"penalty": "equal_norms(b = 1)"}).compile().train(x)
    with pytest.raises(BmError, match="BM509"):
        bmdsl.parse(DEEP).bind({"penalty": "equal_norms(Q = 1)"})
