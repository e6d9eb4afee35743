"""What monitors say against what is so: brute force where there is a number, machines made ill on
purpose where there is a verdict.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmWarning
from bmdsl.registry import discover
from bmdsl.training import health
from bmdsl.training.batch import Expectation
from bmdsl.training.health import Look

pytestmark = pytest.mark.compiled

MONITORS = discover("bmdsl.training.monitors")
RBM = """model m { visible v[6] : binary  hidden h[4] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd(chains = 50)  optimizer sgd(rate = 0.1)  batch 20
  epochs 10  validate 0.2 } }"""
GIVEN = """model m { given x[2] : gaussian  visible v[3] : binary  param A, b
  energy = - A[i,j] x[i] v[j] - b[j] v[j]
  train { positive exact  negative cd()  batch 20  epochs 2 } }"""


@pytest.fixture
def machine() -> bmdsl.Machine:
    m = bmdsl.parse(RBM).compile(seed=0, dtype="float64")
    for k, (name, value) in enumerate(m.params.items()):
        m.params[name] = np.random.default_rng(k).normal(0, 1, value.shape)
    return m


def _look(m: bmdsl.Machine, cases: np.ndarray, held: np.ndarray | None = None, **more: Any) -> Look:
    settings: dict[str, Any] = {
        "positive": None,
        "negative": None,
        "chains": {},
        "epoch": 0,
        "per_epoch": 10,
    } | more
    return Look(
        m, m.model.training, {"v": cases}, None if held is None else {"v": held}, **settings
    )


@pytest.fixture
def cases() -> np.ndarray:
    return (np.random.default_rng(5).random((400, 6)) < 0.5).astype(float)


def test_free_energy_gap_is_the_difference_of_means(
    machine: bmdsl.Machine, cases: np.ndarray
) -> None:
    found = MONITORS["free_energy_gap"].look(_look(machine, cases[:200], cases[200:]), {})
    f = machine.free_energy(v=cases)
    assert found.figures["free_energy_gap"] == pytest.approx(f[200:].mean() - f[:200].mean())
    assert not MONITORS["free_energy_gap"].look(_look(machine, cases), {}).figures
    best, worst = cases[np.argsort(f)[:50]], cases[np.argsort(-f)[:50]]
    assert "overfitting" in MONITORS["free_energy_gap"].look(_look(machine, best, worst), {}).minds


def test_pseudo_likelihood_is_right_on_average(machine: bmdsl.Machine, cases: np.ndarray) -> None:
    found = [
        MONITORS["pseudo_likelihood"]
        .look(_look(machine, cases, epoch=k), {})
        .figures["pseudo_likelihood"]
        for k in range(40)
    ]
    wanted, own = 0.0, -machine.free_energy(v=cases)
    for i in range(6):
        other = cases.copy()
        other[:, i] = 1 - other[:, i]
        wanted += float((own - np.logaddexp(own, -machine.free_energy(v=other))).mean())
    assert np.mean(found) == pytest.approx(wanted, abs=4 * np.std(found) / np.sqrt(40))


def test_dead_and_saturated_units_are_counted(machine: bmdsl.Machine, cases: np.ndarray) -> None:
    machine.params["W"][:, :3] = 0
    machine.params["c"] = [0.3, 40.0, -40.0, 0.0]
    found = MONITORS["units"].look(_look(machine, cases), {})
    assert found.figures == {"dead_h": 0.25, "saturated_h": 0.5}
    machine.params["c"] = [0.3, 0.1, -0.2, 0.0]
    assert "75 % of h dead" in MONITORS["units"].look(_look(machine, cases), {}).minds


def test_chains_are_held_against_the_data_and_their_past(machine: bmdsl.Machine) -> None:
    rows, weights = machine.model_rows()
    same = Expectation(rows, weights)
    assert MONITORS["chains"].look(
        _look(machine, rows["v"], positive=same, negative=same), {}
    ).figures["energy_gap"] == pytest.approx(0, abs=1e-12)
    chains = machine.sample(200, steps=50)
    far = Expectation({"v": np.ones((5, 6)), "h": np.ones((5, 4))}, np.full(5, 0.2))
    machine.params["b"] = np.full(6, 20.0)  # parameters that the chains have not followed
    negative = Expectation(chains, np.full(200, 1 / 200))
    memory: dict[str, Any] = {}
    found = MONITORS["chains"].look(
        _look(machine, rows["v"], positive=far, negative=negative, chains=chains), memory
    )
    e = machine.energy(**chains)
    assert found.figures["energy_gap"] == pytest.approx(
        (e.mean() - machine.energy(v=far.rows["v"], h=far.rows["h"]).mean()) / e.std()
    )
    again = MONITORS["chains"].look(_look(machine, rows["v"], chains=chains), memory)
    assert again.figures["chain_memory"] == pytest.approx(1) and "hardly move" in again.minds


def test_stale_chains_are_warned_of_once(machine: bmdsl.Machine, cases: np.ndarray) -> None:
    watch = health.Health(machine)
    machine.params["b"] = [20, 20, 20, 20, 20, 0.1]
    machine.params["W"] = np.zeros((6, 4))
    chains = {
        "v": np.eye(6)[np.random.default_rng(0).permutation(200) % 2 * 5] * [0, 1, 1, 1, 1, 1],
        "h": np.zeros((200, 4)),
    }
    phases = (
        Expectation({"v": np.ones((5, 6)), "h": np.ones((5, 4))}, np.full(5, 0.2)),
        Expectation(chains, np.full(200, 1 / 200)),
    )
    assert (
        "stale"
        not in watch.epoch(machine.model.training, ({"v": cases}, None), phases, chains, 0, 50)[
            "health"
        ]
    )
    with pytest.warns(BmWarning, match="BM767"):
        out = watch.epoch(machine.model.training, ({"v": cases}, None), phases, chains, 1, 50)
    assert "stale chains" in out["health"] and watch.line == out["health"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watch.epoch(machine.model.training, ({"v": cases}, None), phases, chains, 2, 50)


def test_gradient_signal_is_mean_against_variance() -> None:
    generator, memory = np.random.default_rng(0), {}
    for _ in range(3000):
        MONITORS["gradient"].follow({"W": 0.5 + generator.normal(size=(20, 20))}, memory)
    found = MONITORS["gradient"].look(None, memory)
    assert found.figures["gradient_signal"] == pytest.approx(0.25, rel=0.05)
    assert not MONITORS["gradient"].look(None, memory).figures  # an epoch starts over


def test_likelihood_is_near_the_exact_one(machine: bmdsl.Machine, cases: np.ndarray) -> None:
    found = (
        MONITORS["likelihood"]
        .look(_look(machine, cases, per_epoch=1000), {})
        .figures["log_likelihood"]
    )
    assert found == pytest.approx(machine.log_likelihood(cases).mean(), abs=0.1)


def test_rare_exchanges_are_minded(machine: bmdsl.Machine, cases: np.ndarray) -> None:
    chains = {"~accepted": np.array([1.0, 90.0]), "~tried": np.array([100.0, 100.0])}
    found = MONITORS["swaps"].look(_look(machine, cases, chains=chains), {})
    assert found.figures["swap_rate"] == 0.01 and "hardly exchange" in found.minds


def test_looking_changes_nothing(monkeypatch: pytest.MonkeyPatch, cases: np.ndarray) -> None:
    watched = bmdsl.parse(RBM).compile(seed=1)
    run = watched.train(cases, monitor=1)
    assert {
        "health",
        "log_likelihood",
        "pseudo_likelihood",
        "energy_gap",
        "free_energy_gap",
        "dead_h",
        "gradient_signal",
    } <= set(run.metrics[-1])
    monkeypatch.setattr(health, "discover", lambda _: {})
    alone = bmdsl.parse(RBM).compile(seed=1)
    alone.train(cases)
    for name, value in watched.params.items():
        np.testing.assert_array_equal(value, alone.params[name])


def test_mean_field_reports_its_iterations_and_a_deep_machine_its_bound(cases: np.ndarray) -> None:
    text = RBM.replace(
        "param W, b, c\n  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]",
        "hidden g[8] : binary  layers v -- h -- g",
    )
    text = text.replace("h[4]", "h[8]")
    run = (
        bmdsl.parse(text.replace("positive exact", "positive meanfield(steps = 7)"))
        .compile(seed=0)
        .train(cases, monitor=1)
    )
    assert 1 < run.metrics[-1]["iterations"] <= 7
    m = run.machine
    assert run.metrics[-1]["bound"] == pytest.approx(
        float(m.variational_bound(cases).mean()) - m.log_partition(), abs=0.3
    )


def test_models_on_given_groups_are_looked_at_too() -> None:
    generator = np.random.default_rng(0)
    data = {
        "x": generator.normal(size=(60, 2)),
        "v": (generator.random((60, 3)) < 0.5).astype(float),
    }
    run = bmdsl.parse(GIVEN).compile(seed=0).train(data)
    assert run.metrics[-1]["health"] == "healthy" and "log_likelihood" not in run.metrics[-1]
