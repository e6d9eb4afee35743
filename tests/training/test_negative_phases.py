"""Negative phases that keep more than chains: what they keep does what their papers say, and comes
back on a resume.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import bmdsl
from bmdsl.language.model import Choice
from bmdsl.registry import discover
from bmdsl.tasks import resume as resuming
from bmdsl.tasks import train as fitting
from bmdsl.training.batch import Batch, Expectation
from tests.training.naive_machine import NaiveRbm

pytestmark = pytest.mark.compiled

TEXT = """model m { visible v[4] : binary  hidden h[3] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative NEGATIVE  optimizer sgd(rate = 0.1, momentum = 0)  batch 10
  epochs 3 } }"""
KINDS = {
    "fpcd": "fpcd(chains = 20, rate = 0.1)",
    "tempering": "tempering(replicas = 4, chains = 5)",
    "trajectory": "trajectory(replicas = 4, chains = 5)",
}


def _model(negative: str) -> bmdsl.Model:
    return bmdsl.parse(TEXT.replace("NEGATIVE", negative))


@pytest.fixture
def x() -> np.ndarray:
    return (np.random.default_rng(0).random((40, 4)) < 0.4).astype(np.float32)


def test_fast_weights_of_rate_zero_are_plain_persistent_chains(x: np.ndarray) -> None:
    slow, fast = (
        _model(n).compile(seed=2) for n in ("pcd(chains = 20)", "fpcd(chains = 20, rate = 0)")
    )
    slow.train(x)
    fast.train(x)
    for name, value in slow.params.items():
        np.testing.assert_array_equal(value, fast.params[name])


def test_fast_weights_follow_the_gradient_and_decay() -> None:
    module = discover("bmdsl.training.negative")["fpcd"]
    m = NaiveRbm()
    choice = Choice("fpcd", (("steps", 1), ("chains", 7), ("rate", 0.2), ("decay", 0.9)))
    kept = module.start(m, choice)
    gradient = {n: np.full_like(p, 3.0) for n, p in m.params.items()}
    for _ in range(2):
        module.after(m, choice, kept, gradient)
    np.testing.assert_allclose(kept["~fast/W"], 0.9 * 0.6 + 0.6)
    before = m.params["W"].copy()
    expected = module.expect(m, choice, Batch({}, np.ones(1), 0), kept, Expectation({}, np.ones(1)))
    np.testing.assert_array_equal(m.params["W"], before)
    assert (
        expected.weights.sum() == pytest.approx(1) and kept["v"].mean() > 0.85
    )  # F = 1.14 on every weight and bias: nearly all on


def test_replicas_at_beta_one_have_the_machines_own_distribution() -> None:
    module = discover("bmdsl.training.negative")["tempering"]
    m = _model("tempering(replicas = 5, chains = 400)").compile(seed=0, dtype="float64")
    m.params["W"] = np.random.default_rng(1).normal(0, 3, (4, 3))
    m.params["b"] = -0.5 * m.params["W"].sum(1)
    choice = m.model.training.negative
    kept = module.start(m, choice)
    pairs, units, rounds = np.zeros((4, 3)), np.zeros(4), 290
    for update in range(rounds):
        e = module.expect(
            m, choice, Batch({}, np.ones(1), update), kept, Expectation({}, np.ones(1))
        )
        if update >= 50:
            pairs += e.rows["v"].T @ (e.rows["h"] * e.weights[:, None]) / (rounds - 50)
            units += kept["v"].mean(0) / (rounds - 50)
    rows, weights = m.model_rows()
    np.testing.assert_allclose(pairs, rows["v"].T @ (rows["h"] * weights[:, None]), atol=0.01)
    np.testing.assert_allclose(units, weights @ rows["v"], atol=0.01)
    betas, tried = kept["~betas"], kept["~tried"]
    assert betas[0] == 1 and betas[-1] == 0 and (np.diff(betas) < 0).all() and tried.sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_is_the_run(kind: str, x: np.ndarray, tmp_path) -> None:  # type: ignore[no-untyped-def]
    np.save(tmp_path / "x.npy", x)
    model = _model(KINDS[kind])
    whole = fitting.start(model, str(tmp_path / "x.npy"), tmp_path / "whole", None, "float32")
    fitting.start(
        model.bind({"epochs": 2}), str(tmp_path / "x.npy"), tmp_path / "part", None, "float32"
    )
    rest = resuming.resume(tmp_path / "part", {"epochs": 3})
    for name, value in whole.machine.params.items():
        np.testing.assert_array_equal(value, rest.machine.params[name])
    assert set(rest.run.chains) == {"v", "h"}  # what else the phase keeps is no sample
    np.testing.assert_array_equal(rest.run.chains["v"], whole.run.chains["v"])


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_near_the_exact_one(kind: str, x: np.ndarray) -> None:
    """At fixed parameters, averaged over updates; fast weights move nothing where their rate is
    zero.
    """
    from bmdsl.training.recipe import Recipe

    m = _model(
        KINDS[kind]
        .replace("rate = 0.1", "rate = 0")
        .replace("chains = 20", "chains = 400")
        .replace("chains = 5", "chains = 400")
    ).compile(seed=0)
    m.params["W"] = np.random.default_rng(3).normal(0, 1, (4, 3))
    batch = Batch({"v": x}, np.full(len(x), 1 / len(x)), 0)
    recipe, mean = Recipe.of(m, m.model.training, batch, 100), 0.0
    for update in range(100):
        mean = mean + recipe.gradient(replace(batch, update=update))[0]["W"] / 100
    np.testing.assert_allclose(mean, m.gradient(x)["W"], atol=0.012)


def test_a_trajectory_knows_log_z_as_training_goes_on() -> None:
    """Bars of a 4×4 grid: couplings grow strong, replicas are kept and forgotten on the way, and
    the sum of ratios stays near the exact log Z.
    """
    generator = np.random.default_rng(0)
    bars = np.repeat(generator.random((200, 4, 1)) < 0.5, 4, axis=2)
    x = (
        np.where(generator.random((200, 1, 1)) < 0.5, bars, bars.transpose(0, 2, 1))
        .reshape(200, 16)
        .astype(np.float32)
    )
    settings = {
        "negative": "trajectory(replicas = 4, chains = 200, exchange = 0.9)",
        "epochs": 150,
        "batch": 50,
        "monitor": 1,
    }
    m = bmdsl.load("rbm", D=16, H=10).bind(settings).compile(seed=0)
    run = m.train(x)
    assert max(line.get("replicas", 0) for line in run.metrics) == 4
    rates = [line["swap_rate"] for line in run.metrics if "swap_rate" in line]
    kept = sum(after > before + 0.03 for before, after in itertools.pairwise(rates))
    assert kept > 3  # a kept machine begins a new rate: all slots were full, and were thinned
    assert run.metrics[-1]["log_z"] == pytest.approx(m.log_partition(), abs=0.25)
    assert m.log_partition() - 16 * np.log(2) > 5  # far from where it began


def test_the_present_chains_of_a_trajectory_have_the_machines_own_distribution() -> None:
    module = discover("bmdsl.training.negative")["trajectory"]
    m = _model("trajectory(replicas = 3, chains = 400)").compile(seed=0, dtype="float64")
    choice = m.model.training.negative
    kept = module.start(m, choice)
    final = {"W": np.random.default_rng(1).normal(0, 3, (4, 3)), "c": np.zeros(3)}
    final["b"] = -0.5 * final["W"].sum(1)
    pairs, rounds = np.zeros((4, 3)), 400
    for update in range(rounds):
        for name, value in final.items():
            m.params[name] = min(1.0, update / 50) * value
        e = module.expect(
            m, choice, Batch({}, np.ones(1), update), kept, Expectation({}, np.ones(1))
        )
        if update >= 100:
            pairs += e.rows["v"].T @ (e.rows["h"] * e.weights[:, None]) / (rounds - 100)
    rows, weights = m.model_rows()
    np.testing.assert_allclose(pairs, rows["v"].T @ (rows["h"] * weights[:, None]), atol=0.01)
    assert kept["~log_z"][int(kept["~count"])] == pytest.approx(m.log_partition(), abs=0.1)
