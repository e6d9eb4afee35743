"""A few chains of a large lattice, drawn many units at a time: their law is the model's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.chain_arrays import stand_by_sites
from bmdsl.inference.machine import Machine
from bmdsl.plan.plan import SITES
from bmdsl.runtime.tiles import TILE, tiles_of
from tests.stats import verify_counts

RINGS = """model m(n) { visible s[n, 4] : UNIT  param J, b
  energy = - J[y] s[x,y] s[x,wrap(y+1)] - b[y] s[x,y] }"""
BOUNDED = """model m(L) { visible s[L, L] : spin  param J, K
  energy = - J[x,y] s[x,y] s[pad(x+1),y] - K[x,y] s[x,y] s[x,wrap(y+1)] }"""
COPIES = {
    "potts": """model m(n) { visible s[n, 3] : categorical(3)  param J, b
  energy = - J[a,c] s[x,y,a] s[x,wrap(y+1),c] - b[y,a] s[x,y,a] }""",
    "mixed": """model m(n) { visible t[n, 2] : spin  visible c[n, 2] : categorical(3)  param K
  energy = - 0.3 t[x,y] t[x,wrap(y+1)] - 0.4 c[x,y,2] t[x,wrap(y+1)]
    - K[a,k] c[x,y,a] c[x,wrap(y+1),k] - 0.2 c[x,y,a] c[x,wrap(y+1),wrap(a+1)] t[x,y] }""",
    "normal": """model m(n) { visible s[n, 3] : gaussian(0.8)  param J, b
  energy = - J[y] s[x,y] s[x,wrap(y+1)] - b[y] s[x,y] + 0.2 s[x,1] s[x,1] }""",
}
"""A couple of hundred copies of a few units that act on one another."""
COUPLINGS, FIELDS = np.array([0.5, -0.3, 0.8, 0.2]), np.array([0.1, -0.4, 0.0, 0.3])
STATES = {"spin": (-1.0, 1.0), "binary": (0.0, 1.0)}


def rings(unit: str, backend: str = "numba") -> Machine:
    """A couple of hundred rings of four units, of which every one has the same law."""
    machine = bmdsl.parse(RINGS.replace("UNIT", unit), n=200).compile(seed=2, backend=backend)
    machine.params["J"], machine.params["b"] = COUPLINGS, FIELDS
    return machine


@pytest.mark.stat
@pytest.mark.parametrize("unit", STATES)
@pytest.mark.parametrize("beta", [None, 0.6])
def test_rings_have_their_exact_law(unit: str, beta: float | None) -> None:
    machine = rings(unit)
    assert stand_by_sites(machine.program, 1)
    states = np.array(list(product(STATES[unit], repeat=4)))
    minus_energy = (states * np.roll(states, -1, axis=1)) @ COUPLINGS + states @ FIELDS
    p = np.exp((beta or 1.0) * minus_energy)
    counts = np.zeros(16)
    for call in range(60):
        chain = machine.initial_state(1, update=call)
        betas = None if beta is None else np.full(1, beta)
        machine.sweep(chain, 25, {}, update=call + 1, beta=betas)
        found = chain["s"].reshape(-1, 4) > 0
        counts += np.bincount(found @ (8, 4, 2, 1), minlength=16)
    verify_counts(counts, p / p.sum())


def copies(name: str, backend: str = "numba", n: int = 200) -> Machine:
    machine = bmdsl.parse(COPIES[name], n=n).compile(seed=4, backend=backend)
    rng = np.random.default_rng(7)
    for x in machine.params.values():
        x[...] = rng.normal(0, 0.25, x.shape)
    return machine


def drawn(machine: Machine, calls: int, **how: object) -> dict[str, np.ndarray]:
    """The states of all copies after each call, [draws, units of a copy]."""
    found: dict[str, list[np.ndarray]] = {g.name: [] for g in machine.program.plan.groups}
    for call in range(calls):
        chain = machine.initial_state(1, update=call)
        machine.sweep(chain, 25, {}, update=call + 1, **how)
        for name, x in chain.items():
            k = machine.program.states[name]
            units = x.reshape(200, -1, k)
            found[name].append(units.argmax(2) if k > 1 else units[..., 0])
    return {name: np.concatenate(x) for name, x in found.items()}


@pytest.mark.stat
@pytest.mark.parametrize("layout", ["numbers", "stencil"])
def test_one_of_k_units_have_their_exact_law(layout: str) -> None:
    machine = copies("potts")
    machine.layout = layout
    states = np.array(list(product(range(3), repeat=3)))
    J, b = machine.params["J"], machine.params["b"]
    minus_energy = J[states, np.roll(states, -1, axis=1)].sum(1) + b[np.arange(3), states].sum(1)
    p = np.exp(0.8 * minus_energy)
    found = drawn(machine, 40, beta=np.full(1, 0.8))["s"]
    verify_counts(np.bincount(found @ (9, 3, 1), minlength=27), p / p.sum())


@pytest.mark.stat
def test_two_groups_and_terms_of_three_units_have_their_exact_law() -> None:
    machine = copies("mixed")
    K = machine.params["K"]
    weights = []
    for t in product((-1, 1), repeat=2):
        for c in product(range(3), repeat=2):
            minus_energy = 0.6 * t[0] * t[1] + K[c] + K[c[::-1]]
            minus_energy += 0.4 * ((c[0] == 2) * t[1] + (c[1] == 2) * t[0])
            minus_energy += sum(0.2 * t[y] * (c[1 - y] == (c[y] + 1) % 3) for y in range(2))
            weights.append(np.exp(minus_energy))
    p = np.array(weights)
    found = drawn(machine, 40)
    number = 9 * ((found["t"] > 0) @ (2, 1)) + found["c"] @ (3, 1)
    verify_counts(np.bincount(number.astype(int), minlength=36), p / p.sum())


@pytest.mark.stat
def test_real_units_have_their_exact_means_and_covariances() -> None:
    machine = copies("normal")
    J, b = machine.params["J"].astype(float), machine.params["b"].astype(float)
    precision = np.diag([1 / 0.64, 1 / 0.64 + 0.4, 1 / 0.64])
    for y in range(3):
        precision[y, (y + 1) % 3] -= J[y]
        precision[(y + 1) % 3, y] -= J[y]
    covariance = np.linalg.inv(precision)
    found = drawn(machine, 60)["s"].astype(float)
    error = np.sqrt(np.diag(covariance) / len(found))
    np.testing.assert_array_less(np.abs(found.mean(0) - covariance @ b), 5 * error)
    spread = np.sqrt((np.outer(*2 * [np.diag(covariance)]) + covariance**2) / len(found))
    np.testing.assert_array_less(np.abs(np.cov(found.T) - covariance), 5 * spread)


@pytest.mark.parametrize("name", COPIES)
def test_lattices_by_index_arithmetic_and_the_meaning_of_the_text_draw_the_same(name: str) -> None:
    state = {}
    for backend in ("numba", "reference"):
        machine = copies(name, backend, 90)
        for layout in ("numbers", "stencil"):
            machine.layout = layout
            chains = state[backend, layout] = machine.initial_state(2)
            seen = np.full((2, chains["s" if "s" in chains else "c"].shape[1]), np.nan)
            seen[1, :9] = np.tile([0.0, 1.0, 0.0], 3)
            observed = {"s" if "s" in chains else "c": seen}
            machine.sweep(chains, 2, observed, update=1, beta=np.array([0.7, 1.0]))
            for group, x in observed.items():
                np.testing.assert_array_equal(chains[group][1, :9], x[1, :9])
    first = state["numba", "numbers"]
    for chains in state.values():
        for group, x in chains.items():
            np.testing.assert_allclose(x, first[group], rtol=1e-5, atol=1e-6)
            assert len(np.unique(x, axis=0)) > 1
    for group, x in state["numba", "stencil"].items():
        np.testing.assert_array_equal(x, first[group])


def test_the_meaning_of_the_text_gives_the_same_chains() -> None:
    drawn = []
    for backend in ("numba", "reference"):
        machine = rings("spin", backend)
        chains = machine.initial_state(3)
        machine.sweep(chains, 3, {}, update=1)
        drawn.append(chains["s"])
    np.testing.assert_array_equal(*drawn)
    assert len({x.tobytes() for x in drawn[0]}) == 3


def test_a_schedule_of_inverse_temperatures_in_parts_is_the_run() -> None:
    machine = rings("spin")
    betas = np.linspace(0.1, 2.0, 9)[:, None] * np.ones(2)
    whole, parts = (machine.initial_state(2) for _ in range(2))
    machine.sweep(whole, 9, {}, update=3, beta=betas)
    machine.sweep(parts, 4, {}, update=3, beta=betas[:4])
    machine.sweep(parts, 5, {}, update=3, beta=betas[4:], first=4)
    np.testing.assert_array_equal(whole["s"], parts["s"])


def test_small_lattices_and_many_chains_go_otherwise() -> None:
    small = bmdsl.parse(RINGS.replace("UNIT", "spin"), n=SITES // 4 - 1).compile()
    assert not stand_by_sites(small.program, 1)
    assert [n for n in (1, 4, 7, 8, 64) if stand_by_sites(rings("spin").program, n)] == [1, 4, 7]


def test_graphs_whose_units_differ_in_their_couplings_go_unit_after_unit() -> None:
    units = "visible s[300] : gaussian  energy = - 0.1 s[i] s[j] for <i,j> in G"
    text = f"model m {{{{ graph G = {{}}  {units} }}}}"
    for graph, by_sites in (("regular(3, 300)", True), ("erdos_renyi(300, 0.02)", False)):
        program = bmdsl.parse(text.format(graph)).compile().program
        assert stand_by_sites(program, 1) == by_sites


def test_observed_units_keep_their_values() -> None:
    machine = rings("spin")
    seen = np.full((1, 200, 4), np.nan)
    seen[0, :50] = 1.0
    chain = machine.initial_state(1)
    machine.sweep(chain, 2, {"s": seen.reshape(1, -1)}, update=1)
    assert (chain["s"][0, :200] == 1).all() and (chain["s"][0, 200:] == -1).any()


@pytest.mark.parametrize("length", [9, 24])
def test_tiles_hold_every_coupling_once_and_no_two_units_of_a_colour_meet(length: int) -> None:
    """Boundaries give units fewer couplings, odd rings a third colour."""
    machine = bmdsl.parse(BOUNDED, L=length).compile()
    listing = machine.program.listing
    assert listing is not None
    i = listing.incidence("s")
    order, classes = listing.colours("s")
    made = tiles_of(i, order, classes)
    np.testing.assert_array_equal(made["middle"], made["start"][1:])  # no terms of three units
    np.testing.assert_array_equal(made["first"], np.arange(made["start"][-1] + 1))
    drawn = []
    for colour in range(len(classes) - 1):
        own = set()
        near = set()
        for t in range(made["begin"][colour], made["begin"][colour + 1]):
            units = made["unit"][TILE * t : TILE * (t + 1)]
            for q in range(int(made["count"][t])):
                entries = TILE * np.arange(made["start"][t], made["start"][t + 1]) + q
                span = slice(int(i.start[units[q]]), int(i.start[units[q] + 1]))
                np.testing.assert_array_equal(made["near"][entries], i.other[span])
                np.testing.assert_array_equal(made["source"][entries], i.source[span])
                own.add(int(units[q]))
                near |= set(made["near"][entries].tolist())
        assert not own & near
        drawn += sorted(own)
    assert sorted(drawn) == list(range(length**2))
