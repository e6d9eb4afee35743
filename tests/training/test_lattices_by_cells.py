"""Training, mean field and exchanges of lattices without lists of couplings: what lists give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.runtime.listing import Listing
from tests.inference.forced_cells import cells

LATTICES = {
    "one coupling": """model m { visible s[9,8] : spin  param J init normal(0, 0.1), b
  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,pad(y+1)] - b[x,y] s[x,y] }""",
    "an array": """model m { visible s[9,8] : spin  param J, K, L
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - K[y] s[x,y] s[x,wrap(y+1)]
    - L[y,x] s[x,y] s[x,pad(y+1)] s[pad(x+1),y] }""",
    "one of K": """model m { visible c[6,7] : categorical(3)  param J, K
  energy = - J[k,l] c[x,y,k] c[wrap(x+1),y,l] - K[x,y,k] c[x,y,k] c[x,wrap(y+1),k] }""",
    "real": """model m { visible g[8,8] : gaussian  param J, K, b
  energy = - 0.1 J[x,y] g[x,y] g[pad(x+1),y] - 0.1 K g[x,y] g[x,wrap(y+1)] - b g[x,y] }""",
    "two groups": """model m { visible s[6,7] : spin  visible c[6,7] : categorical(3)  param J, K
  energy = - J[x] s[x,y] s[wrap(x+1),y] - 0.4 c[x,y,2] s[x,wrap(y+2)]
    - K[k,l] c[x,y,k] c[pad(x+1),y,l] - 0.2 c[x,y,k] c[pad(x+1),y,wrap(k+1)] s[x,y] }""",
    "hidden": """model m { visible s[6,8] : spin  hidden h[6,8] : binary  param J, W, b
  energy = - J[x,y] s[x,y] s[x,wrap(y+1)] - W[y] s[x,y] h[wrap(x+1),y] - b s[x,y] h[x,y] }""",
}


@pytest.fixture(params=LATTICES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def lattice(name: str, backend: str = "numba") -> Machine:
    machine = bmdsl.parse(LATTICES[name]).compile(seed=5, dtype="float64", backend=backend)
    assert machine.program.listing.stencils is not None
    rng = np.random.default_rng(3)
    for x in machine.params.values():
        x[...] = rng.normal(0, 0.2, x.shape)
    return machine


def both() -> Iterator[str]:
    """Lists of couplings, then cells."""
    yield "lists"
    with cells():
        yield "cells"


def visible(machine: Machine, n: int) -> dict[str, np.ndarray]:
    state = machine.initial_state(n)
    shaped = machine.program.shaped
    return {
        g.name: shaped(g.name, state[g.name])
        for g in machine.program.plan.groups
        if g.role == "visible"
    }


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_updates_are_those_of_lists(name: str, backend: str) -> None:
    found = {}
    for form in both():
        machine = lattice(name, backend)
        data = visible(machine, 10)
        weights = np.linspace(0.5, 1.5, 10)
        how = {"negative": "pcd(steps = 2, chains = 6)", "optimizer": "sgd(rate = 0.002)"}
        machine.train(data, weights=weights, batch=5, epochs=2, **how)
        found[form] = {n: np.array(x) for n, x in machine.params.items()}
    for n, x in found["lists"].items():
        np.testing.assert_allclose(found["cells"][n], x, rtol=1e-12, atol=1e-13)
        assert np.abs(x - lattice(name).params[n]).max() > 1e-5


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_mean_field_is_that_of_lists(name: str, backend: str) -> None:
    found = {}
    for form in both():
        machine = lattice(name, backend)
        state = {n: x.reshape(3, -1).copy() for n, x in visible(machine, 3).items()}
        for x in state.values():
            x[:, 12:] = np.nan
        rows, used = machine.mean_field(state, 30, 1e-9, 0.0)
        found[form] = rows
        assert used > 3
    for n, x in found["lists"].items():
        np.testing.assert_array_equal(found["cells"][n], x)


@pytest.mark.parametrize("name", ["an array", "one of K", "two groups"])
def test_exchanges_of_replicas_are_those_of_lists(name: str) -> None:
    found = []
    for _ in both():
        found.append(lattice(name).anneal(n=4, sweeps=7, betas=(0.4, 2.0), replicas=3))
    np.testing.assert_allclose(found[0].energies, found[1].energies, rtol=1e-12)
    for n, x in found[0].state.items():
        np.testing.assert_array_equal(found[1].state[n], x)


def test_no_list_of_couplings_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Listing, *given: object) -> None:
        raise AssertionError("couplings are written out")

    monkeypatch.setattr(Listing, "_places", refused)
    with cells():
        for name in ("one coupling", "one of K", "hidden"):
            machine = lattice(name)
            machine.train(visible(machine, 4), negative="cd(steps = 1)", epochs=1, batch=4)
            state = {n: x.reshape(4, -1).copy() for n, x in visible(machine, 4).items()}
            next(iter(state.values()))[:, 12:] = np.nan
            machine.mean_field(state, 5, 1e-6, 0.0)
            machine.anneal(n=2, sweeps=3, betas=(0.4, 2.0), replicas=3)


def test_fields_that_are_kept_stay_those_of_their_own_states() -> None:
    text = """model m { visible s[4,5] : spin  hidden h[4,5] : binary  param J, K
  energy = - J[x,y] s[x,y] h[wrap(x+1),y] - K[y] s[x,y] h[x,wrap(y+2)] }"""
    found = {}
    for form in both():
        machine = bmdsl.parse(text).compile(seed=1, dtype="float64")
        rng = np.random.default_rng(3)
        for x in machine.params.values():
            x[...] = rng.normal(0, 0.2, x.shape)
        data = np.sign(rng.normal(size=(8, 4, 5)))
        machine.train(data, objective="contrastive_free_energy", epochs=1, batch=4)
        found[form] = {n: np.array(x) for n, x in machine.params.items()}
    for n, x in found["lists"].items():
        np.testing.assert_allclose(found["cells"][n], x, rtol=1e-12, atol=1e-13)
