"""Sweeps, annealed weights and exchanges by routines, against the same step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.annealed_path import Path
from bmdsl.inference.compiled_calls import CompiledCalls
from bmdsl.runtime.bound_machine import BoundMachine
from bmdsl.runtime.pace import Pace
from tests.inference.test_importance import TEXTS
from tests.inference.test_shipped_models import SIZES

MODELS = ("rbm", "gbrbm", "bm", "spin_rbm", "dbm", "ising", "glass", "class_rbm", "local_rbm")
CHAINS, SWEEPS = 5, 3


class StepByStep(CompiledCalls):
    """No routine is for anything."""

    def _add(self, machine: Any, key: Any, compose: Any) -> None:
        self._routines[key] = None


def machine_of(model: Any, seed: int = 2) -> Any:
    machine = model.compile(seed=seed, dtype="float64", backend="reference")
    rng = np.random.default_rng(5)
    for p in machine.model.parameters:
        x = rng.normal(0, 0.6, machine.params[p.name].shape)
        x = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
        machine.params[p.name] = np.abs(x) if p.name == "s" else x  # a precision
    return machine


def shipped(name: str) -> Any:
    return machine_of(bmdsl.load(name, **SIZES[name]))


def kinds_of(machine: Any) -> set[tuple[str, bool]]:
    """The routines that were asked for, and whether they are there."""
    return {(key[0], x is not None) for key, x in machine.compiled._routines.items()}


def ways(machine: Any, start: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """The arguments of sweeps, by what is special about them."""
    rng = np.random.default_rng(1)
    name = machine.visible[0]
    holes = np.where(rng.random((CHAINS, 1)) < 0.5, start[name], np.nan)
    hidden = machine.hidden[:1]
    found: dict[str, dict[str, Any]] = {
        "plain": {},
        "a β a row": {"beta": rng.random(CHAINS)},
        "a β a sweep": {"beta": rng.random((SWEEPS, CHAINS)), "first": 4},
        "held": {"observed": {name: start[name]}},
        "held in some rows, at β": {"observed": {name: holes}, "beta": rng.random(CHAINS)},
    }
    if hidden and not machine.program.meets(hidden[0]):
        found["averaged"] = {"averaged": hidden}
    return found


@pytest.mark.parametrize("name", MODELS)
def test_sweeps_are_those_of_single_steps(name: str) -> None:
    machine = shipped(name)
    machine.layout = "numbers" if name == "ising" else "auto"  # single steps are never bits
    start = machine.initial_state(CHAINS, update=3)
    for word, options in ways(machine, start).items():
        options = {"observed": {}} | options
        results = []
        for sweep in (type(machine).sweep, BoundMachine.sweep):
            state = {n: x.copy() for n, x in start.items()}
            rows = sweep(machine, state, SWEEPS, update=7, **options)
            results.append((state, rows, rows.squares))
        for found, wanted in zip(*results, strict=True):
            assert found.keys() == wanted.keys(), word
            for group in wanted:
                np.testing.assert_allclose(
                    found[group], wanted[group], rtol=1e-12, atol=1e-12, err_msg=word
                )
    assert kinds_of(machine) == {("sweeps", True)}


def test_sweeps_in_several_calls_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for seconds in (0.1, 0.0):
        monkeypatch.setattr(Pace, "SECONDS", seconds)
        machine = shipped("rbm")
        state = machine.initial_state(CHAINS)
        betas = np.random.default_rng(0).random((9, CHAINS))
        rows = machine.sweep(state, 9, {}, 1, beta=betas)
        results.append((state, rows))
    for found, wanted in zip(*results, strict=True):
        for group in wanted:
            np.testing.assert_array_equal(found[group], wanted[group])


def test_a_start_that_is_no_state_is_multiplied_as_means() -> None:
    machine = shipped("rbm")
    results = []
    for sweep in (type(machine).sweep, BoundMachine.sweep):
        state = {n: np.full_like(x, 0.3) for n, x in machine.initial_state(CHAINS).items()}
        sweep(machine, state, 1, {}, 7)
        results.append(state)
    for group in results[0]:
        np.testing.assert_array_equal(results[0][group], results[1][group])


def test_fields_that_stand_in_are_swept_step_by_step() -> None:
    machine, other = shipped("rbm"), shipped("rbm")
    params = {n: x + 0.7 for n, x in machine.params.items()}
    state = machine.initial_state(CHAINS)
    wanted = {n: x.copy() for n, x in state.items()}
    with machine.standing_at(params):
        machine.sweep(state, 4, {}, 1)
    other.params.update(params)
    other.sweep(wanted, 4, {}, 1)
    for group in state:
        np.testing.assert_array_equal(state[group], wanted[group])
    assert not machine.compiled._routines


# ------------------------------------------------------------ annealed importance sampling


def weights(machine: Any, routines: bool) -> tuple[np.ndarray, ...]:
    """Log-weights there and back, and the states at the end."""
    if not routines:
        vars(machine)["compiled"] = StepByStep()
    rng = np.random.default_rng(2)
    free = machine.free
    anchor = {n: rng.normal(0, 0.4, machine.program.sizes[n]) for n in free}
    betas = np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    with machine.frozen():
        path = Path(machine, anchor, CHAINS, 10)
        path.start()
        there = path.follow(betas, 1)
        path.stream = 11
        back = path.follow(betas[::-1], len(betas) - 1, -1, stay=True)
    return there, back, *(path.state[n] for n in path.kept)


@pytest.mark.parametrize("kind", TEXTS)
def test_annealed_weights_are_those_of_single_steps(kind: str) -> None:
    machines = [machine_of(bmdsl.parse(TEXTS[kind])) for _ in range(2)]
    found, wanted = (weights(m, m is machines[0]) for m in machines)
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)
    assert kinds_of(machines[0]) == {("ais_step", True)}


def test_compiled_weights_are_those_of_the_printed_text() -> None:
    results = []
    for backend in ("reference", "numba"):
        machine = bmdsl.load("rbm", D=4, H=3).compile(dtype="float64", backend=backend)
        machine.params["W"] = np.arange(12.0).reshape(4, 3) / 10
        results.append(weights(machine, True))
    for x, y in zip(*results, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


def test_a_constant_of_the_energy_is_part_of_the_weights() -> None:
    text = """model m { visible v[2] : binary  hidden h[2] : binary  param W, a
      energy = - W[i,j] v[i] h[j] + a + 2.5 }"""
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    machine.params["W"], machine.params["a"] = np.zeros((2, 2)), 0.25
    zero = {n: np.zeros(2) for n in machine.free}
    path = Path(machine, zero, CHAINS, 10)
    path.start()
    np.testing.assert_allclose(path.follow(np.array([0.0, 0.4, 1.0]), 1), -2.75, rtol=1e-12)
    assert kinds_of(machine) == {("ais_step", True)}


# ------------------------------------------------------------ exchanges


@pytest.mark.parametrize("name", ["rbm", "gbrbm", "ising", "bm"])
def test_exchanges_are_those_of_single_steps(name: str) -> None:
    results = []
    for routines in (True, False):
        machine = shipped(name)
        if not routines:
            vars(machine)["compiled"] = StepByStep()
        held = {machine.hidden[0]: machine.sample(3)[machine.hidden[0]]} if machine.hidden else {}
        for clamp in ({}, held):
            trace = machine.observe(
                "energy", n=3, draws=3, thin=2, burn_in=3, beta=[0.2, 0.6, 1.0], clamp=clamp
            )
            swaps = trace.swaps
            results.append(
                (trace.values["energy"], swaps.acceptance, swaps.trips, *trace.state.values())
            )
        assert ("exchanges", routines) in kinds_of(machine)
    for found, wanted in zip(results[:2], results[2:], strict=True):
        for x, y in zip(found, wanted, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


def test_replicas_in_several_calls_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for seconds in (0.1, 0.0):
        monkeypatch.setattr(Pace, "SECONDS", seconds)
        trace = shipped("rbm").observe("energy", n=2, draws=2, thin=5, beta=[0.5, 1.0])
        results.append(trace.values["energy"])
    np.testing.assert_array_equal(*results)


# ------------------------------------------------------------ means


@pytest.mark.parametrize(
    "name", ["rbm", "gbrbm", "spin_rbm", "potts_rbm", "dbm", "class_rbm", "bm"]
)
def test_means_are_those_of_single_steps(name: str) -> None:
    machine, other = shipped(name), shipped(name)
    vars(other)["compiled"] = StepByStep()
    data = {n: x for n, x in machine.initial_state(6).items() if n in machine.visible}
    first = machine.visible[0]
    states = machine.program.states[first]
    hole = np.random.default_rng(4).random((6, data[first].shape[1] // states)) < 0.4
    holes = np.where(np.repeat(hole, states, axis=1), np.nan, data[first])
    means = {n: x * 0.9 + 0.05 for n, x in data.items()}
    for cases in (data, means, data | {first: holes}):
        for steps, tol, damping in ((40, 1e-9, 0.3), (3, 0.0, 0.0), (1, 0.1, 0.0)):
            (found, used), (wanted, count) = (
                m.mean_field(cases, steps, tol, damping) for m in (machine, other)
            )
            assert used == count and found.keys() == wanted.keys()
            for x, y in ((found, wanted), (found.squares, wanted.squares)):
                for group in y:
                    np.testing.assert_allclose(x[group], y[group], rtol=1e-12, atol=1e-12)
    assert kinds_of(machine) == {("mean_field", True)}


@pytest.mark.parametrize("name", ["rbm", "gbrbm", "potts_rbm", "class_rbm"])
def test_posterior_rows_are_those_of_single_steps(name: str) -> None:
    machine, other = shipped(name), shipped(name)
    vars(other)["compiled"] = StepByStep()
    data = {n: x for n, x in machine.initial_state(6).items() if n in machine.visible}
    (found, weights), (wanted, ones) = (m.posterior_rows(data) for m in (machine, other))
    np.testing.assert_array_equal(weights, ones)
    for x, y in (
        (found, wanted),
        (found.squares, wanted.squares),
        (found.fields, wanted.fields),
    ):
        assert x.keys() == y.keys()
        for group in y:
            np.testing.assert_allclose(x[group], y[group], rtol=1e-12, atol=1e-12)
    assert kinds_of(machine) == {("posterior", True)}


@pytest.mark.parametrize("name", ["rbm", "gbrbm", "ising", "bm"])
def test_completions_are_those_of_single_steps(name: str) -> None:
    machine, other = shipped(name), shipped(name)
    vars(other)["compiled"] = StepByStep()
    group = machine.visible[0]
    data = shipped(name).sample(5, steps=2)[group].astype(float)
    data[np.random.default_rng(3).random(data.shape) < 0.4] = np.nan
    found, wanted = (m.impute(data, steps=6) for m in (machine, other))
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert ("completions", True) in kinds_of(machine)
