"""Networks for other programs: they compute what the machine computes, in every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.exports.network import ACTIVATIONS, network
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.export import export


def _machine(text: str) -> bmdsl.Machine:
    m = bmdsl.parse(text).compile(seed=0, backend="reference")
    for k, (name, value) in enumerate(m.params.items()):
        m.params[name] = np.random.default_rng(k).normal(0, 1, value.shape)
    return m


@pytest.mark.parametrize("unit", ["binary", "spin", "nrelu"])
def test_one_layer_is_the_conditional_mean(unit: str) -> None:
    m = _machine(
        f"model m {{ visible v[4] : binary  hidden h[3] : {unit}  param W, c  energy = - 2 W[j,i]"
        " v[i] h[j] - c[j] h[j] }"
    )
    v = (np.random.default_rng(0).random((6, 4)) < 0.5).astype(np.float32)
    np.testing.assert_allclose(network(m)(v), m.conditional("h", v=v), atol=1e-5)


def test_a_one_of_k_unit_is_a_softmax() -> None:
    m = _machine(
        "model m { visible v[4] : binary  hidden z : categorical(3)  param W, d  energy = - W[i,k]"
        " v[i] z[k] - d[k] z[k] }"
    )
    v = (np.random.default_rng(0).random((6, 4)) < 0.5).astype(np.float32)
    np.testing.assert_allclose(network(m)(v), m.posterior(v=v)["z"], atol=1e-5)


def test_layers_below_others_count_twice() -> None:
    m = _machine(
        "model m { visible v[4] : binary  hidden h[3] : binary  hidden g[2] : binary  layers v -- h"
        " -- g }"
    )
    first, second = network(m).layers
    np.testing.assert_allclose(first.weight, 2 * m.params["W_v_h"].T)
    np.testing.assert_allclose(second.weight, m.params["W_h_g"].T)
    np.testing.assert_array_equal(first.bias, m.params["b_h"].astype(float))


def test_formats_hold_the_network(tmp_path: Path) -> None:
    m = _machine(
        "model m { visible v[4] : binary  hidden h[3] : binary  hidden g[2] : spin  layers v -- h"
        " -- g }"
    )
    v = np.random.default_rng(0).random((5, 4)).astype(np.float32)
    from safetensors.numpy import load_file

    state = load_file(export(m, "torch", tmp_path / "net"))
    assert {n: x.shape for n, x in state.items()} == {
        "0.weight": (3, 4),
        "0.bias": (3,),
        "2.weight": (2, 3),
        "2.bias": (2,),
    }
    h = ACTIVATIONS["sigmoid"](v @ state["0.weight"].T + state["0.bias"])
    np.testing.assert_allclose(
        np.tanh(h @ state["2.weight"].T + state["2.bias"]), network(m)(v), atol=1e-5
    )
    reference = pytest.importorskip("onnx.reference")
    found = reference.ReferenceEvaluator(str(export(m, "onnx", tmp_path / "net"))).run(
        None, {"v": v}
    )
    np.testing.assert_allclose(found[0], network(m)(v), atol=1e-5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.onnx", "net.safetensors"]


@pytest.mark.parametrize(
    "text",
    [
        "model m { visible v[3] : binary  param b  energy = - b[i] v[i] }",
        (
            "model m { visible v[3] : binary  hidden h[2] : poisson  param W  energy = - W[i,j]"
            " v[i] h[j] }"
        ),
        (
            "model m { visible v[3] : binary  hidden h[2] : binary  hidden g[2] : binary  param W,"
            " U  energy = - W[i,j] v[i] h[j] - U[i,j] v[i] g[j] }"
        ),
        (
            "model m { visible v[3] : binary  hidden h[2] : binary  param A[3, 2], B[2, 2]  energy"
            " = - A[i,f] B[j,f] v[i] h[j] }"
        ),
        (
            "model m { visible v[3] : binary  hidden h[2] : binary  param W  param V symmetric "
            " energy = - W[i,j] v[i] h[j] - V[i,j] h[i] h[j] for i < j }"
        ),
    ],
)
def test_what_is_no_such_network_is_refused(text: str) -> None:
    with pytest.raises(BmError, match="BM933"):
        network(_machine(text))


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BmError, match="did you mean `onnx`"):
        export(
            _machine("model m { visible v[4] : binary  hidden h[3] : binary  layers v -- h }"),
            "onx",
            tmp_path / "x",
        )
