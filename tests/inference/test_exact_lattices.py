"""Chains of lattices beside what transfer matrices, eliminations and solutions of statistical
physics say of them, all written out anew.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.inference.scan_figures import Estimate, scan_figures
from tests.inference.test_elimination import kaufman

pytestmark = pytest.mark.compiled

BAR = """model bar(k = 6) { visible s[3, 3, k] : spin  param J, K, L
  energy = - J[x,y,z] s[x,y,z] s[wrap(x+1),y,z] - K[x,y,z] s[x,y,z] s[x,wrap(y+1),z]
    - L[x,y,z] s[x,y,z] s[x,y,pad(z+1)] }"""
PLANE = """model plane(n = 8) { visible s[n, n] : spin  param J, K
  energy = - J[x,y] s[x,y] s[pad(x+1),y] - K[x,y] s[x,y] s[x,pad(y+1)] }"""
STATES = """model states(q) { visible s[4, 4] : categorical(q)  param C, f
  energy = - C[a,b] s[x,y,a] s[wrap(x+1),y,b] - C[a,b] s[x,y,a] s[x,wrap(y+1),b]
    - f[a] s[x,y,a] }"""
PLAQUETTES = """model plaquettes { visible s[6, 6] : spin
  energy = - 0.7 s[x,y] s[pad(x+1),y] s[x,pad(y+1)] s[pad(x+1),pad(y+1)] }"""


def figures(machine: Machine, units: int, n: int = 128, draws: int = 80) -> dict[str, Estimate]:
    """Energy and specific heat a unit of chains at β = 1."""
    trace = machine.observe("energy", "magnetization", n=n, draws=draws, thin=4, burn_in=60)
    return scan_figures(trace.values["energy"], trace.values["magnetization"], 1.0, units)


def verify(found: dict[str, Estimate], log_z: dict[float, float], units: int) -> None:
    """−∂ log Z/∂β and β² ∂² log Z/∂β², from log Z at 1 − h, 1 and 1 + h."""
    (low, a), (_, b), (high, c) = sorted(log_z.items())
    h = (high - low) / 2
    exact = {"energy": -(c - a) / (2 * h), "specific_heat": (c - 2 * b + a) / h**2}
    for name, value in exact.items():
        estimate = found[name]
        assert abs(estimate.value - value / units) < 5 * estimate.error, (name, value / units)
        assert estimate.error < 0.05 * abs(value / units)


@pytest.mark.stat
@pytest.mark.parametrize("beta", [0.35, 0.44068679350977147])
def test_energy_and_specific_heat_of_a_torus_are_kaufmans(beta: float) -> None:
    machine = bmdsl.load("ising", L=8, J=beta).compile(seed=2)
    log_z = {b: kaufman(8, b * beta) for b in (0.999, 1.0, 1.001)}
    verify(figures(machine, 64, draws=300), log_z, 64)


def log_z_of_bar(J: np.ndarray, K: np.ndarray, L: np.ndarray) -> float:
    """By the 512 states of a layer, layer after layer."""
    layer = np.array(list(product((-1.0, 1.0), repeat=9))).reshape(-1, 3, 3)
    right, up = layer * np.roll(layer, -1, 1), layer * np.roll(layer, -1, 2)
    log_w = np.zeros(512)
    for z in range(J.shape[2]):
        inside = np.tensordot(right, J[:, :, z], 2) + np.tensordot(up, K[:, :, z], 2)
        if z:
            between = (layer * L[:, :, z - 1]).reshape(512, 9) @ layer.reshape(512, 9).T
            log_w = np.logaddexp.reduce(log_w[:, None] + between, axis=0)
        log_w = log_w + inside
    return float(np.logaddexp.reduce(log_w))


@pytest.mark.stat
@pytest.mark.parametrize("layout", ["bits", "stencil"])
def test_bars_of_a_cubic_lattice_have_the_energy_of_their_layers(layout: str) -> None:
    machine = bmdsl.parse(BAR).compile(seed=4, dtype="float32")
    rng = np.random.default_rng(4)
    J, K, L = 0.4 * rng.choice([-1.0, 1.0], (3, 3, 3, 6))
    machine.params["J"], machine.params["K"], machine.params["L"] = J, K, L
    log_z = {b: log_z_of_bar(b * J, b * K, b * L) for b in (0.99, 1.0, 1.01)}
    assert machine.log_partition() == pytest.approx(log_z[1.0], rel=1e-6)
    machine.layout = layout
    verify(figures(machine, 54, draws=300), log_z, 54)


def least_energy(J: np.ndarray, K: np.ndarray) -> float:
    """Of an open square lattice, column after column of all states."""
    n = len(J)
    states = np.array(list(product((-1.0, 1.0), repeat=n)))
    best = np.zeros(len(states))
    for x in range(n):
        if x:
            best = (best[:, None] - (states * J[x - 1]) @ states.T).min(axis=0)
        best = best - (states[:, :-1] * states[:, 1:]) @ K[x, :-1]
    return float(best.min())


def test_planar_glasses_are_annealed_to_their_exact_ground_states() -> None:
    machine = bmdsl.parse(PLANE).compile(seed=1)
    for seed, moves in ((1, "gibbs"), (2, "houdayer")):
        rng = np.random.default_rng(seed)
        J, K = rng.normal(size=(2, 8, 8)) if seed == 1 else rng.choice([-1.0, 1.0], (2, 8, 8))
        exact = least_energy(J, K)
        machine.params["J"], machine.params["K"] = 40 * J, 40 * K
        coldest = machine.exact_sample(4)["s"]
        machine.params["J"], machine.params["K"] = J, K
        np.testing.assert_allclose(machine.energy(s=coldest), exact, rtol=1e-5)
        machine.moves = moves
        assert machine.anneal(64, 400).energy == pytest.approx(exact, rel=1e-5)


def log_z_of_states(pair: np.ndarray, field: np.ndarray) -> float:
    """Of a 4 × 4 torus of units of q states, by the states of a row."""
    q = len(field)
    rows = np.array(list(product(range(q), repeat=4)))
    inside = pair[rows, np.roll(rows, -1, 1)].sum(1) + field[rows].sum(1)
    step = inside[:, None] + pair[rows[:, None], rows[None]].sum(2)
    top = step.max()
    return float(np.log(np.trace(np.linalg.matrix_power(np.exp(step - top), 4))) + 4 * top)


ONE = np.array([-1.0, 0.0, 1.0])
TURNS = 2 * np.pi * np.arange(4) / 4
MODELS = {
    "Potts at its critical point": (np.log(1 + 3**0.5) * np.eye(3), np.zeros(3)),
    "Blume and Capel": (0.8 * np.outer(ONE, ONE), -1.1 * ONE**2),
    "clock": (0.9 * np.cos(np.subtract.outer(TURNS, TURNS)), np.zeros(4)),
}


@pytest.fixture(scope="module")
def machines() -> dict[int, Machine]:
    return {q: bmdsl.parse(STATES, q=q).compile(seed=q) for q in (3, 4)}


@pytest.mark.stat
@pytest.mark.parametrize("layout", ["codes", "stencil"])
@pytest.mark.parametrize("name", MODELS)
def test_units_of_several_states_have_the_figures_of_their_rows(
    machines: dict[int, Machine], name: str, layout: str
) -> None:
    pair, field = MODELS[name]
    machine = machines[len(field)]
    machine.params["C"], machine.params["f"] = pair, field
    machine.layout, machine.moves = layout, "gibbs"
    log_z = {b: log_z_of_states(b * pair, b * field) for b in (0.99, 1.0, 1.01)}
    verify(figures(machine, 16, draws=150), log_z, 16)


@pytest.mark.stat
@pytest.mark.parametrize("moves", ["cluster", "wolff"])
def test_clusters_of_potts_units_have_the_same_figures(
    machines: dict[int, Machine], moves: str
) -> None:
    pair, field = MODELS["Potts at its critical point"]
    machine = machines[3]
    machine.params["C"], machine.params["f"] = pair, field
    machine.layout, machine.moves = "auto", moves
    log_z = {b: log_z_of_states(b * pair, field) for b in (0.99, 1.0, 1.01)}
    verify(figures(machine, 16, draws=150), log_z, 16)


@pytest.mark.stat
@pytest.mark.parametrize("layout", ["bits", "stencil", "numbers"])
def test_open_plaquettes_are_free(layout: str) -> None:
    """Products around the 25 plaquettes are independent: log Z = 11 log 2 + 25 log 2 cosh 0.7."""
    machine = bmdsl.parse(PLAQUETTES).compile(seed=6)
    machine.layout = layout
    log_z = {b: 25 * np.log(2 * np.cosh(0.7 * b)) for b in (0.99, 1.0, 1.01)}
    verify(figures(machine, 36, draws=400), log_z, 36)
