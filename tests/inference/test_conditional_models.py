"""Shipped models of a distribution given a case: likelihood and gradient against enumeration, or
against a machine whose case is written into it.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive

SIZES = {"factored": {"D": 3, "E": 3, "F": 2, "H": 2}, "gated": {"D": 2, "E": 3, "H": 2}}


def machine_of(name: str, **sizes: int):  # type: ignore[no-untyped-def]
    machine = bmdsl.load(name, **sizes).compile(seed=2, dtype="float64", backend="reference")
    for p in machine.params:
        machine.params[p] = np.random.default_rng(ord(p[0])).normal(0, 0.7, machine.params[p].shape)
    return machine


@pytest.mark.parametrize("name", SIZES)
def test_the_likelihood_given_a_case_equals_enumeration(name: str) -> None:
    machine = machine_of(name, **SIZES[name])
    generator = np.random.default_rng(0)
    x = (generator.random((4, SIZES[name]["D"])) < 0.5).astype(float)
    y = (generator.random((4, SIZES[name]["E"])) < 0.5).astype(float)
    data = {"x": x, "y": y}

    def exact() -> np.ndarray:
        return naive.log_likelihood_given(machine.model, machine.params, data)

    np.testing.assert_allclose(machine.log_likelihood(data), exact(), atol=1e-8)
    found = machine.gradient(data)
    for p, array in machine.params.items():
        for at in np.ndindex(array.shape):
            assert found[p][at] == pytest.approx(
                naive.slope(array, at, lambda: exact().mean()), abs=1e-7
            ), f"{p}{at}"


def test_a_conditional_rbm_is_a_gaussian_rbm_whose_biases_the_past_shifts() -> None:
    machine = machine_of("crbm", D=2, T=2, H=3)
    plain = bmdsl.load("gbrbm", D=2, H=3).compile(dtype="float64", backend="reference")
    p, generator = machine.params, np.random.default_rng(1)
    past, v = generator.normal(size=(5, 2, 2)), generator.normal(size=(5, 2))
    found = machine.log_likelihood({"past": past, "v": v})
    plain.params["W"] = p["W"]
    for r in range(5):
        plain.params["b"] = p["b"] + np.einsum("tki,tk->i", p["A"], past[r])
        plain.params["c"] = p["c"] + np.einsum("tkj,tk->j", p["B"], past[r])
        assert found[r] == pytest.approx(plain.log_likelihood(v[r : r + 1])[0], abs=1e-10)
