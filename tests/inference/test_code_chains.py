"""One-of-K units as codes: their law is the model's, one-hot units' draws are the same, and a model
that has none says why.
"""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from tests.stats import verify_counts

DENSE = """model m { visible s[3] : categorical(3)  param f, J
  energy = - f[i,a] s[i,a] - J[i,a,j,b] s[i,a] s[j,b] for i < j }"""
LISTED = """model m { visible s[3] : categorical(3)  visible x[3] : spin  param f, K, T, b
  energy = - f[i,a] s[i,a] - K[i,a] s[i,a] s[wrap(i+1),a] - T[i,a] s[i,a] x[wrap(i+1)] x[i]
    - b[i] x[i] x[wrap(i+1)] }"""
STATES = np.array(list(product(range(3), repeat=3)))
SPINS = np.array(list(product((-1.0, 1.0), repeat=3)))


def one_hot(codes: np.ndarray) -> np.ndarray:
    return np.eye(3)[codes]


def random_values(machine: Machine, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = {n: rng.normal(0, 0.7, machine.params[n].shape) for n in machine.params}
    for n, x in values.items():
        machine.params[n] = x
    return values


def minus_energy(v: dict[str, np.ndarray], c: np.ndarray, x: np.ndarray | None) -> float:
    """Written out anew, for one state."""
    total = sum(v["f"][i, c[i]] for i in range(3))
    if x is None:
        pairs = ((0, 1), (0, 2), (1, 2))
        return total + sum(v["J"][i, c[i], j, c[j]] for i, j in pairs)
    for i in range(3):
        j = (i + 1) % 3
        total += v["K"][i, c[i]] * (c[i] == c[j]) + v["T"][i, c[i]] * x[j] * x[i]
        total += v["b"][i] * x[i] * x[j]
    return total


@pytest.fixture(scope="module")
def machines() -> dict[str, Machine]:
    return {n: bmdsl.parse(t).compile(seed=4) for n, t in (("dense", DENSE), ("listed", LISTED))}


@pytest.mark.stat
@pytest.mark.parametrize("kind", ["dense", "listed"])
def test_chains_have_the_models_law_at_their_own_temperatures(
    machines: dict[str, Machine], kind: str
) -> None:
    machine, n = machines[kind], 20_000
    values = random_values(machine)
    machine.layout = "codes"
    spins: list[np.ndarray | None] = [None] if kind == "dense" else list(SPINS)
    minus_e = np.array([[minus_energy(values, c, x) for c in STATES] for x in spins])
    beta = np.repeat([0.5, 1.0], n // 2)
    found = machine.sample(n, steps=25, beta=beta)
    codes = found["s"].argmax(-1) @ np.array([9, 3, 1])
    if kind == "listed":
        codes += 27 * ((found["x"] > 0) @ np.array([4, 2, 1]))
    for b in (0.5, 1.0):
        p = np.exp(b * minus_e).ravel()
        verify_counts(np.bincount(codes[beta == b], minlength=p.size), p / p.sum())


def test_dense_units_are_drawn_as_one_hot_ones_are(machines: dict[str, Machine]) -> None:
    machine, drawn = machines["dense"], {}
    random_values(machine)
    for layout in ("numbers", "codes"):
        machine.layout = layout
        state = machine.initial_state(300)
        machine.sweep(state, 7, {}, update=1)
        drawn[layout] = state["s"]
    np.testing.assert_array_equal(drawn["numbers"], drawn["codes"])


def test_a_long_run_is_its_parts_and_observed_units_stay(machines: dict[str, Machine]) -> None:
    for machine in machines.values():
        random_values(machine)
        machine.layout = "codes"
        held = np.full((40, 3, 3), np.nan)
        held[:, 1] = one_hot(np.arange(40) % 3)
        runs = []
        for parts in ((5,), (2, 3)):
            state, first = machine.initial_state(40), 0
            for steps in parts:
                machine.sweep(state, steps, {"s": held}, update=3, first=first)
                first += steps
            runs.append(state["s"].reshape(40, 3, 3))
        np.testing.assert_array_equal(*runs)
        np.testing.assert_array_equal(runs[0][:, 1], held[:, 1])
        assert (runs[0].sum(axis=2) == 1).all()


def test_couplings_are_made_once_while_parameters_are_frozen(machines: dict[str, Machine]) -> None:
    machine = machines["dense"]
    machine.layout = "codes"

    def run(seed: int, frozen: bool) -> list[np.ndarray]:
        random_values(machine, seed)
        state, out = machine.initial_state(20), []
        with machine.frozen() if frozen else nullcontext():
            for k in range(3):
                machine.sweep(state, 2, {}, update=k)
                out.append(state["s"].copy())
        return out

    alone = [run(seed, False) for seed in (1, 2)]
    np.testing.assert_array_equal([run(seed, True) for seed in (1, 2)], alone)
    assert (alone[0][2] != alone[1][2]).any()


@pytest.mark.stat
def test_units_of_more_states_than_a_byte_counts_have_the_models_law() -> None:
    q, n = 300, 12_000
    machine = bmdsl.parse(
        "model m { visible s[2] : categorical(300)  param f, J"
        " energy = - f[i,a] s[i,a] - J[i,a,j,b] s[i,a] s[j,b] for i < j }"
    ).compile(seed=4)
    machine.layout = "codes"
    v = random_values(machine)
    minus_e = v["f"][0][:, None] + v["f"][1] + v["J"][0, :, 1, :]
    p = np.exp(minus_e - minus_e.max())
    codes = machine.sample(n, steps=12)["s"].argmax(-1)
    for axis, unit in ((1, 0), (0, 1)):
        verify_counts(np.bincount(codes[:, unit], minlength=q), p.sum(axis) / p.sum())
    both = codes % 4 @ np.array([4, 1])
    coarse = p.reshape(q // 4, 4, q // 4, 4).sum((0, 2))
    verify_counts(np.bincount(both, minlength=16), coarse.ravel() / p.sum())


def test_annealing_by_codes_finds_the_ground_state(machines: dict[str, Machine]) -> None:
    machine = machines["dense"]
    values = random_values(machine, 5)
    machine.layout = "codes"
    best = max(minus_energy(values, c, None) for c in STATES)
    assert machine.anneal(64, 60).energy == pytest.approx(-best, rel=1e-5)


def test_the_plan_names_codes_and_a_model_without_them_says_why() -> None:
    assert "codes of two bytes" in str(bmdsl.parse(DENSE).plan)
    assert "codes of two bytes" in str(bmdsl.parse(LISTED).plan)
    source = "visible s[4] : spin  param J  energy = - J[i] s[i] s[wrap(i+1)]"
    machine = bmdsl.parse(f"model m {{ {source} }}").compile(backend="reference")
    machine.layout = "codes"
    with pytest.raises(BmError, match="cannot be codes: no units are one of") as refused:
        machine.sample(8, steps=1)
    assert refused.value.diagnostics[0].code == "BM778"
    few = bmdsl.parse(LISTED).compile(backend="reference")
    few.layout = "codes"
    with pytest.raises(BmError, match="fewer than 4 chains"):
        few.sample(2, steps=1)
