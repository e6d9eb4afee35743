"""Greedy pretraining (Salakhutdinov & Hinton 2009): the fields of every layer while it is learnt
alone, and what comes of putting them together.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import bmdsl
from bmdsl.driver import machine_of
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from bmdsl.language.model import Choice
from bmdsl.training.outcome import Run
from bmdsl.training.pretrain.greedy import part_of

THREE = """model m { visible v[4] : binary  hidden h1[3] : binary  hidden h2[3] : binary
  hidden h3[2] : binary  layers v -- h1 -- h2 -- h3
  train { pretrain greedy(epochs = 3)  positive meanfield()  negative pcd()  batch 10
  epochs 2 } }"""
CHOICE = Choice("greedy", (("epochs", 3), ("steps", 1)))


def _part(text: str, layer: int) -> tuple[Machine, tuple[str, ...]]:
    part, twice = part_of(bmdsl.parse(text).checked, layer, CHOICE)
    m = machine_of(part, 0, "float64")
    for k, (name, value) in enumerate(m.params.items()):
        m.params[name] = np.random.default_rng(k).normal(0, 1, value.shape)
    return m, twice


def test_the_lowest_rbm_has_its_visible_units_twice() -> None:
    m, twice = _part(THREE, 0)
    W, b, c = (m.params[n] for n in ("W_v_h1", "b_v", "b_h1"))
    v, h = np.array([[1.0, 0, 1, 1]]), np.array([[1.0, 0, 1]])
    assert twice == ("v",)
    np.testing.assert_allclose(m.conditional("h1", v=np.stack([v, v], 1)), expit(2 * v @ W + c))
    np.testing.assert_allclose(m.conditional("v", h1=h), np.stack([expit(h @ W.T + b)] * 2, 1))


def test_weights_between_count_twice_and_the_highest_hidden_units_stand_twice() -> None:
    m, twice = _part(THREE, 1)
    W, b, c = (m.params[n] for n in ("W_h1_h2", "b_h1", "b_h2"))
    low, high = np.array([[1.0, 0, 1]]), np.array([[0.0, 1, 1]])
    assert twice == ()
    np.testing.assert_allclose(m.conditional("h2", h1=low), expit(2 * low @ W + c))
    np.testing.assert_allclose(m.conditional("h1", h2=high), expit(2 * high @ W.T + b))
    m, twice = _part(THREE, 2)
    W, b = m.params["W_h2_h3"], m.params["b_h2"]
    assert twice == ()
    np.testing.assert_allclose(
        m.conditional("h2", h3=np.array([[[1.0, 0], [1, 0]]])),
        expit(2 * np.array([[1.0, 0]]) @ W.T + b),
    )


def test_a_machine_of_one_layer_is_its_own_part() -> None:
    text = "model m { visible v[4] : binary  hidden h[3] : binary  layers v -- h }"
    part, twice = _part(text, 0)
    whole = bmdsl.parse(text).compile(dtype="float64")
    for name, value in part.params.items():
        whole.params[name] = value
    assert twice == ()
    assert part.log_partition() == pytest.approx(whole.log_partition(), abs=1e-12)
    v = np.array([[1.0, 0, 0, 1], [0, 1, 1, 1]])
    np.testing.assert_allclose(part.log_likelihood(v), whole.log_likelihood(v))


def test_pretraining_sets_every_parameter_and_a_shared_bias_is_the_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bmdsl.training import loop
    from bmdsl.training.pretrain import greedy

    parts = []
    monkeypatch.setattr(
        loop,
        "train",
        lambda machine, *_, **__: parts.append(machine) or _learnt(machine, len(parts)),
    )
    m = bmdsl.parse(THREE).compile(seed=0)
    greedy.pretrain(m, CHOICE, {"v": np.zeros((10, 4), np.float32)})
    assert [p.model.name for p in parts] == ["m, layer 1", "m, layer 2", "m, layer 3"]
    np.testing.assert_allclose(m.params["W_h1_h2"], 2.0)
    np.testing.assert_allclose(m.params["b_h1"], 1.5)  # of the first RBM's 1 and the second's 2
    np.testing.assert_allclose(m.params["b_h3"], 3.0)


def _learnt(machine: bmdsl.Machine, value: float):  # type: ignore[no-untyped-def]
    for name in machine.params:
        machine.params[name][...] = value
    return Run(machine, None)


@pytest.mark.slow
def test_pretraining_helps_a_deep_machine() -> None:
    generator = np.random.default_rng(0)
    bars = np.zeros((200, 4, 4))
    for case in bars:
        case[generator.random(4) < 0.4] = 1
    x = bars.reshape(200, 16).astype(np.float32)
    text = (
        "model m { visible v[16] : binary  hidden h1[8] : binary  hidden h2[6] : binary  layers v"
        " -- h1 -- h2\n"
    )
    text += (
        "  train { positive meanfield()  negative pcd()  batch 20  epochs 5  optimizer sgd(rate ="
        " 0.05) } }"
    )
    bounds = []
    for extra in ({}, {"pretrain": "greedy(epochs = 60)"}):
        m = bmdsl.parse(text).bind(extra).compile(seed=0)
        m.train(x)
        bounds.append(float(m.variational_bound(x).mean() - m.log_partition()))
    assert bounds[1] > bounds[0] + 1


def test_machines_without_a_second_hidden_layer_are_refused() -> None:
    m = bmdsl.load("rbm", D=4, H=3).bind({"pretrain": "greedy(epochs = 2)"})
    with pytest.raises(BmError, match="BM766") as caught:
        m.compile().train(np.zeros((10, 4)))
    assert "needs two hidden layers" in str(caught.value)
