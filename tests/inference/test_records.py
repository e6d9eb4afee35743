"""Energies and sums over units that the routine of the sweeps takes are those of the states."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import bit_records, number_records, observing, stencil_records
from bmdsl.inference.machine import Machine
from tests.inference.test_bit_chains import machine_of, random_values

ISING = """model m { visible s[5, 4] : spin
  energy = - 0.4 s[x,y] s[wrap(x+1),y] - 0.3 s[x,y] s[x,wrap(y+1)] - 0.1 s[x,y] + 2 }"""

GLASS = """model m { visible s[6, 8] : spin  visible t[6, 8] : spin  param J, K
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - K[x,y] s[x,y] s[x,pad(y+1)] t[x,wrap(y+1)]
    - 0.3 t[x,y] s[x,pad(y-2)] - 0.15 t[x,y] - 0.45 s[x,y] s[x,y] }"""
ROWS = """model m { visible s[4, 600] : spin
  energy = - 0.4 s[x,y] s[pad(x+1),y] - 0.4 s[x,y] s[x,wrap(y+1)] + 0.2 s[x,y] }"""
POTTS = """model m { visible s[4, 3] : categorical(3)
  energy = - 0.4 s[x,y,a] s[wrap(x+1),y,a] - 0.2 s[x,y,1] }"""
LAYERS = """model m { visible v[5] : binary  hidden h[4] : spin  param W init normal(0, 1), b
  energy = - W[i,j] v[i] h[j] - b[i] v[i] }"""
NAMES = ("energy", "magnetization", "abs_magnetization")


@pytest.fixture(scope="module")
def machine() -> Machine:
    values = random_values(1)
    values |= {"b": np.full(4, 0.3), "c": np.array([0.2, 0.2, -0.1, 0.0])}
    return machine_of(values, 1)


@pytest.mark.parametrize("n", [70, 520])
def test_records_are_those_of_the_states(
    machine: Machine, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, counted = machine._calls, []
    whole = bit_records.records_of_bits

    def watched(*given: object) -> np.ndarray | None:
        counted.append(whole(*given))  # type: ignore[arg-type]
        return counted[-1]

    how = {"n": n, "draws": 7, "thin": 3, "burn_in": 2, "beta": 0.8}
    monkeypatch.setattr(bit_records, "records_of_bits", watched)
    found = machine.observe(*NAMES, **how)
    assert counted[0] is not None
    monkeypatch.setattr(bit_records, "records_of_bits", lambda *given: None)
    machine._calls = calls
    wanted = machine.observe(*NAMES, **how)
    for name in NAMES:
        assert found.values[name].std() > 0
        np.testing.assert_allclose(found.values[name], wanted.values[name], rtol=1e-5, atol=1e-6)
    for name, x in wanted.state.items():
        np.testing.assert_array_equal(found.state[name], x)


LATTICES = {
    "few chains": (ISING, 3),
    "chains side by side": (ISING, 12),
    "codes": (POTTS, 8),
    "matrices": (LAYERS, 9),
}


@pytest.mark.parametrize("name", LATTICES)
def test_records_of_numbers_are_those_of_the_states(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, n = LATTICES[name]
    machine = bmdsl.parse(text).compile(seed=4)
    names = NAMES if text != POTTS else NAMES[:1]
    how = {"n": n, "draws": 6, "thin": 2, "burn_in": 2, "beta": 0.8}
    taken, whole = [], number_records.records_of_numbers
    with monkeypatch.context() as patch:
        patch.setattr(
            number_records, "records_of_numbers", lambda *x: taken.append(whole(*x)) or taken[-1]
        )
        found, calls = machine.observe(*names, **how), machine._calls
    assert taken[0] is not None
    monkeypatch.setattr(observing, "_sums", lambda *given: None)
    machine._calls = 0
    wanted = machine.observe(*names, **how)
    assert calls == machine._calls
    for one in names:
        assert found.values[one].std() > 0
        np.testing.assert_allclose(found.values[one], wanted.values[one], rtol=1e-5, atol=1e-5)
    for group, x in wanted.state.items():
        np.testing.assert_array_equal(found.state[group], x)


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("text", [GLASS, ROWS], ids=["eight rows", "rows one by one"])
def test_records_of_sites_are_those_of_the_states(
    text: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = bmdsl.parse(text).compile(seed=4)
    if "J" in machine.params:
        rng = np.random.default_rng(0)
        machine.params["J"] = rng.choice([-0.4, 0.4], machine.params["J"].shape)
        machine.params["K"] = rng.choice([-0.3, 0.3, 0.9], machine.params["K"].shape)
    taken, whole = [], stencil_records.records_of_sites
    how = {"n": n, "draws": 6, "thin": 2, "burn_in": 2, "beta": 0.8}
    with monkeypatch.context() as patch:
        patch.setattr(
            stencil_records, "records_of_sites", lambda *x: taken.append(whole(*x)) or taken[-1]
        )
        machine.layout = "stencil"
        found = machine.observe(*NAMES, **how)
    assert taken[0] is not None
    monkeypatch.setattr(observing, "_sums", lambda *given: None)
    machine._calls = 0
    wanted = machine.observe(*NAMES, **how)
    for one in NAMES:
        assert found.values[one].std() > 0
        np.testing.assert_allclose(found.values[one], wanted.values[one], rtol=1e-5, atol=1e-5)
    for group, x in wanted.state.items():
        np.testing.assert_array_equal(found.state[group], x)


def test_sums_with_weights_of_their_own_are_taken_from_states() -> None:
    machine = machine_of(random_values(1) | {"b": np.arange(4) / 7}, 1)
    machine.params["J"] = np.array([0.3, 0.31, 0.33, 0.4])
    trace = machine.observe("energy", n=64, draws=3, burn_in=1)
    np.testing.assert_allclose(
        trace.values["energy"][:, -1], machine.energy(**trace.state), rtol=1e-5
    )
