"""Energies, sums over units and over pairs of them that the routine of the sweeps takes are those
of the states.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import bit_records, number_records, observing, stencil_records, taking
from bmdsl.inference.machine import Machine
from bmdsl.inference.records import Taken
from bmdsl.language.diagnostics import BmError
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
REAL = """model m { visible s[5, 6] : spin  visible x[5, 6] : binary  param J init normal(0, 0.5)
  energy = - J[a,i] s[a,i] s[wrap(a+1),i] - 0.3 s[a,i] x[a,pad(i+1)] + 0.37 x[a,i] + 0.2 s[a,i]
    - 0.45 s[a,i] s[a,i] + 0.7 }"""
LARGE = """model m(J = 0.35) { visible s[3, 90] : spin  visible t[3, 90] : spin
  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] t[x,wrap(y+1)] - 0.2 t[x,y] }"""
NAMES = ("energy", "magnetization", "abs_magnetization")
PAIRS = ("overlap", "correlation", "structure_factor")
OF_TWO = (*PAIRS, "correlation(s,t)", "correlation(t,s)", "overlap(t)")
OF_BINARY = (*PAIRS, "correlation(x)", "overlap(x)")


def assert_alike(
    machine: Machine,
    names: tuple[str, ...],
    n: int,
    by: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records that the routine of this module takes are those of states between its calls."""
    word = next(x for x in vars(by) if x.startswith("records_of"))
    taken, whole = list[Taken | None](), getattr(by, word)
    how = {"n": n, "draws": 6, "thin": 2, "burn_in": 2, "beta": 0.8}
    calls = machine._calls
    with monkeypatch.context() as patch:
        patch.setattr(taking, word, lambda *x: taken.append(whole(*x)) or taken[-1])
        found, after = machine.observe(*names, **how), machine._calls
    assert taken[0] is not None
    monkeypatch.setattr(observing, "take", lambda *given: None)
    machine._calls = calls
    wanted = machine.observe(*names, **how)
    assert after == machine._calls and list(found.values) == list(wanted.values)
    for one, x in wanted.values.items():
        assert x.std() > 0
        if one in NAMES:
            np.testing.assert_allclose(found.values[one], x, rtol=1e-5, atol=1e-5)
        elif one.startswith("structure"):
            np.testing.assert_allclose(found.values[one], x, 1e-12, 1e-12)
        else:
            np.testing.assert_array_equal(found.values[one], x)
    for group, x in wanted.state.items():
        np.testing.assert_array_equal(found.state[group], x)


@pytest.fixture(scope="module")
def machine() -> Machine:
    values = random_values(1)
    values |= {"b": np.full(4, 0.3), "c": np.array([0.2, 0.2, -0.1, 0.0])}
    return machine_of(values, 1)


@pytest.mark.parametrize("n", [71, 520])
def test_records_are_those_of_the_states(
    machine: Machine, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_alike(machine, (*NAMES, *OF_BINARY), n, bit_records, monkeypatch)


@pytest.mark.parametrize("n", [64, 150, 513])
def test_pairs_of_lattices_of_bits_are_those_of_the_states(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = bmdsl.parse(LARGE).compile(seed=4)
    assert_alike(machine, OF_TWO, n, bit_records, monkeypatch)


def test_records_of_bits_with_fields_are_those_of_the_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = bmdsl.parse(REAL).compile(seed=4)
    assert_alike(machine, (*NAMES, *OF_BINARY), 130, bit_records, monkeypatch)


LATTICES = {
    "few chains": (ISING, 3),
    "chains side by side": (ISING, 12),
    "codes": (POTTS, 8),
    "matrices": (LAYERS, 9),
    "a spin and a unit of 0 or 1": (REAL, 12),
}


@pytest.mark.parametrize("name", LATTICES)
def test_records_of_numbers_are_those_of_the_states(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, n = LATTICES[name]
    machine = bmdsl.parse(text).compile(seed=4)
    machine.layout = "auto" if text in (POTTS, LAYERS) else "numbers"
    names = (*NAMES, *PAIRS)
    more = ("correlation(s,x)",) if text == REAL else ()
    assert_alike(machine, (*names, *more), n, number_records, monkeypatch)


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
    machine.layout = "stencil"
    names = (*NAMES, "correlation", "structure_factor", *(["overlap"] if n > 1 else []))
    if text == GLASS:
        names += ("correlation(t,s)",)
    assert_alike(machine, names, n, stencil_records, monkeypatch)


def test_sums_with_weights_of_their_own_are_those_of_the_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = machine_of(random_values(1) | {"b": np.arange(4) / 7}, 1)
    machine.params["J"] = np.array([0.3, 0.31, 0.33, 0.4])
    assert_alike(machine, NAMES[:2], 64, bit_records, monkeypatch)


def test_an_overlap_of_one_chain_is_refused() -> None:
    with pytest.raises(BmError, match="two chains, and there is one"):
        bmdsl.parse(ISING).compile().observe("overlap", n=1, draws=2, burn_in=0)
