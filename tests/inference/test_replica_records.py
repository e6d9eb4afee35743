"""Records that the routine of replicas takes at their last inverse temperature are those of the
states between its calls, and have the moments that an enumeration says.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import observing, taking
from bmdsl.inference.machine import Machine
from bmdsl.inference.records import Taken
from tests.inference.test_records import ISING, LARGE, LAYERS, NAMES, PAIRS, POTTS, REAL

BETAS = np.array([0.3, 0.5, 0.8])
OF_LATTICE = (*NAMES, *PAIRS)
CASES = {
    "bits": (LARGE, 70, "auto", (*OF_LATTICE, "correlation(s,t)", "structure_factor(t)")),
    "registers of bits": (LARGE, 512, "auto", (*OF_LATTICE, "correlation(s,t)")),
    "bits with fields": (REAL, 70, "auto", (*OF_LATTICE, "correlation(x)", "overlap(x)")),
    "few replicas": (ISING, 2, "auto", OF_LATTICE),
    "replicas side by side": (ISING, 8, "numbers", OF_LATTICE),
    "codes": (POTTS, 6, "auto", OF_LATTICE),
    "matrices": (LAYERS, 5, "auto", (*OF_LATTICE, "overlap(h)")),
    "a spin and a unit of 0 or 1": (REAL, 8, "numbers", (*OF_LATTICE, "correlation(s,x)")),
}


@pytest.mark.parametrize("name", CASES)
def test_records_are_those_of_the_states(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, n, layout, names = CASES[name]
    machine = bmdsl.parse(text).compile(seed=4)
    machine.layout = layout
    taken, whole = list[Taken | None](), taking.records_of_replicas
    how = {"n": n, "draws": 5, "thin": 2, "burn_in": 3, "beta": BETAS}
    calls = machine._calls
    with monkeypatch.context() as patch:
        patch.setattr(
            taking, "records_of_replicas", lambda *x: taken.append(whole(*x)) or taken[-1]
        )
        found, after = machine.observe(*names, **how), machine._calls
    assert taken[0] is not None
    monkeypatch.setattr(observing, "take_of_replicas", lambda *given: None)
    machine._calls = calls
    wanted = machine.observe(*names, **how)
    assert after == machine._calls and list(found.values) == list(wanted.values)
    for one, x in wanted.values.items():
        assert x.std() > 0
        single = one in NAMES  # in single precision where they are measured between calls
        np.testing.assert_allclose(found.values[one], x, *((1e-5,) * 2 if single else (1e-12,) * 2))
    for group, x in wanted.state.items():
        np.testing.assert_array_equal(found.state[group], x)
    assert found.swaps is not None and wanted.swaps is not None
    assert found.swaps.layout == wanted.swaps.layout and found.swaps.trips == wanted.swaps.trips
    np.testing.assert_array_equal(found.swaps.acceptance, wanted.swaps.acceptance)


GLASS = """model m { visible s[3, 3] : spin  param J, K
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - K[x,y] s[x,y] s[x,pad(y+1)] - 0.2 s[x,y] + 0.5 }"""


def glass() -> Machine:
    machine, rng = bmdsl.parse(GLASS).compile(seed=1), np.random.default_rng(5)
    for name in ("J", "K"):
        machine.params[name] = rng.choice([-0.7, 0.7], machine.params[name].shape)
    return machine


def by_enumeration(machine: Machine, beta: float) -> dict[str, float]:
    """Means over all states, written down once more."""
    J, K = (np.asarray(machine.params[n], float).reshape(3, -1) for n in ("J", "K"))
    s = np.array(list(product((-1.0, 1.0), repeat=9))).reshape(-1, 3, 3)
    energy = -(J * s * np.roll(s, -1, axis=1)).sum((1, 2)) - 0.2 * s.sum((1, 2)) + 0.5
    energy -= (K[:, :2] * s[:, :, :2] * s[:, :, 1:]).sum((1, 2))
    p = np.exp(-beta * (energy - energy.min()))
    p /= p.sum()
    m, rows, columns = s.mean((1, 2)), s.sum(2), s.sum(1)
    wave = np.exp(2j * np.pi * np.arange(3) / 3)
    first = sum(np.abs(x @ wave) ** 2 for x in (rows, columns)) / 9 / 2
    along = (s[:, :2] * s[:, 1:]).sum((1, 2)) + (s[:, :, :2] * s[:, :, 1:]).sum((1, 2))
    return {
        "energy": p @ energy,
        "magnetization": p @ m,
        "abs_magnetization": p @ np.abs(m),
        "overlap": ((p[:, None, None] * s).sum(0) ** 2).mean(),
        "correlation[1]": p @ along / 12,
        "structure_factor[0]": p @ m**2 * 9,
        "structure_factor[1]": p @ first,
    }


@pytest.mark.parametrize("n", [2, 128], ids=["numbers", "bits"])
def test_records_have_the_moments_of_an_enumeration(n: int) -> None:
    machine = glass()
    names = (*NAMES, *PAIRS)
    trace = machine.observe(*names, n=n, draws=40_000 // n, thin=2, burn_in=100, beta=BETAS * 1.25)
    wanted = by_enumeration(machine, 1.0)
    found = {x.name: x for x in trace.summary()}
    assert set(found) == set(wanted)
    for name, mean in wanted.items():
        error = found[name].error
        assert 0 < error < 0.05
        assert abs(found[name].mean - mean) < 4.5 * error, name
