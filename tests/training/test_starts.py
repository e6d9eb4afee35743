"""A machine starts once: what starts from data does so in the first training, unless it has a
value; later ones go on, or restart when asked to.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.tasks import resume as resuming
from bmdsl.tasks import train as fitting

TEXT = """model m(D) { visible v[D] : binary  visible x : gaussian  hidden h[2] : binary
  hidden k[2] : binary
  param W, U, P fixed, b init logit_mean(v), a init mean(x)
  energy = - W[i,j] v[i] h[j] - U[j,l] h[j] k[l] - P[i] v[i] x - b[i] v[i] - a x
  train { optimizer sgd(rate = 1e-9)  negative cd  positive meanfield  epochs 1  batch 4 } }"""
DATA = {
    "v": np.array([[1.0, 0, 0], [1, 1, 0], [1, 0, 0], [0, 1, 0]]),
    "x": np.array([1.0, 2.0, 3.0, 6.0]),
}
LOGITS = np.log(np.array([0.75, 0.5, 0.01]) / np.array([0.25, 0.5, 0.99]))


@pytest.fixture
def machine() -> bmdsl.Machine:
    return bmdsl.parse(TEXT, D=3).compile(seed=3, dtype="float64", backend="reference")


def values(machine: bmdsl.Machine) -> dict[str, np.ndarray]:
    return {n: x.copy() for n, x in machine.params.items()}


def test_the_first_training_starts_from_its_data_and_the_second_goes_on(
    machine: bmdsl.Machine,
) -> None:
    machine.train(DATA)
    np.testing.assert_allclose(machine.params["b"], LOGITS, atol=1e-6)
    np.testing.assert_allclose(machine.params["a"], 3, atol=1e-6)
    first = values(machine)
    machine.train({"v": 1 - DATA["v"], "x": -DATA["x"]})
    for name, x in values(machine).items():
        np.testing.assert_allclose(x, first[name], atol=1e-6)


@pytest.mark.parametrize("how", ["set", "in place", "zero"])
def test_a_value_set_before_the_first_training_stays(machine: bmdsl.Machine, how: str) -> None:
    if how == "in place":
        machine.params["b"][...] = 2.0
    else:
        machine.params["b"] = np.full(3, 0.0 if how == "zero" else 2.0)
    machine.train(DATA)
    np.testing.assert_allclose(machine.params["b"], 0.0 if how == "zero" else 2.0, atol=1e-6)
    np.testing.assert_allclose(machine.params["a"], 3, atol=1e-6)  # what was not set starts


def test_a_restart_begins_as_a_new_machine_does(machine: bmdsl.Machine) -> None:
    new = values(machine)
    patterns = np.full(3, 0.25)
    machine.params["P"] = patterns
    machine.train(DATA, optimizer="sgd(rate = 0.5)")
    assert np.abs(machine.params["b"] - LOGITS).max() > 1e-3
    machine.train(DATA, restart=True)
    np.testing.assert_allclose(machine.params["b"], LOGITS, atol=1e-6)
    np.testing.assert_allclose(machine.params["W"], new["W"], atol=1e-6)
    np.testing.assert_array_equal(machine.params["P"], patterns)  # fixed ones are not training's


def test_a_saved_machine_goes_on_and_one_saved_before_training_starts(
    machine: bmdsl.Machine, tmp_path: Path
) -> None:
    machine.save(tmp_path / "new.safetensors")
    machine.train(DATA)
    machine.params["b"] = np.full(3, 4.0)
    machine.save(tmp_path / "trained.safetensors")
    for name, wanted in (("new", LOGITS), ("trained", 4.0)):
        again = bmdsl.open(tmp_path / f"{name}.safetensors")
        again.train(DATA)
        np.testing.assert_allclose(again.params["b"], wanted, atol=1e-5)


def test_a_resume_goes_on(tmp_path: Path) -> None:
    for name, x in DATA.items():
        np.save(tmp_path / f"{name}.npy", x)
    np.savez(tmp_path / "d.npz", **DATA)
    model = bmdsl.parse(TEXT.replace("rate = 1e-9", "rate = 0.5"))
    whole = fitting.start(
        model.bind({"epochs": 2}), str(tmp_path / "d.npz"), tmp_path / "whole", None, "float64"
    )
    fitting.start(model, str(tmp_path / "d.npz"), tmp_path / "part", None, "float64")
    rest = resuming.resume(tmp_path / "part", {"epochs": 2})
    for name, x in whole.machine.params.items():
        np.testing.assert_array_equal(x, rest.machine.params[name])


def test_pretraining_is_carried_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from bmdsl.training.pretrain import greedy

    done: list[int] = []
    monkeypatch.setattr(greedy, "pretrain", lambda *_: done.append(1))
    text = TEXT.replace("batch 4", "batch 4  pretrain greedy(epochs = 1)")
    machine = bmdsl.parse(text, D=3).compile(dtype="float64", backend="reference")
    machine.train(DATA)
    machine.train(DATA)
    assert len(done) == 1
    machine.train(DATA, restart=True)
    machine.train(DATA, pretrain="greedy(epochs = 2)")
    assert len(done) == 3


def test_an_entry_without_any_value_starts_at_zero(machine: bmdsl.Machine) -> None:
    v = DATA["v"].copy()
    v[:, 1] = np.nan
    machine.train({"v": v, "x": np.full(4, np.nan)}, positive="gibbs")
    np.testing.assert_allclose(machine.params["b"], [LOGITS[0], 0, LOGITS[2]], atol=1e-6)
    np.testing.assert_allclose(machine.params["a"], 0, atol=1e-6)


def test_layers_of_a_stack_start_from_what_they_see(tmp_path: Path) -> None:
    text = """model layer(D, H = 2) { visible v[D] : binary  hidden h[H] : binary
      param W, b init logit_mean(v)
      energy = - W[i,j] v[i] h[j] - b[i] v[i]  train { optimizer sgd(rate = 1e-9)  epochs 1
                 batch 4 } }
    stack s { low : layer(D = 3)  high : layer(H = 1) on low.h  train { %s } }"""
    for how in ("greedily", "jointly epochs 1 optimizer sgd(rate = 1e-9)"):
        (tmp_path / "s.bm").write_text(text % how)
        stack = bmdsl.load_stack(tmp_path / "s.bm").train(DATA["v"], dtype="float64")
        np.testing.assert_allclose(stack["low"].params["b"], LOGITS, atol=1e-6)
        np.testing.assert_allclose(stack["high"].params["b"], 0, atol=0.1)
        assert stack["high"].params["b"].any()
