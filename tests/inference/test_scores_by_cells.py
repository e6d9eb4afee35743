"""Scores, gradients, annealed importance sampling and updates word by word of lattices without
lists of couplings: what lists give, and what enumeration says.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference import importance
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.plan import MANY_CHAINS
from bmdsl.runtime.bound_machine import BoundMachine
from bmdsl.runtime.listing import Listing
from tests import naive
from tests.inference.forced_cells import cells
from tests.inference.test_lattices_by_cells import MIXED, Lattice, lattices
from tests.schedule.random_values import of_parameters

State = dict[str, np.ndarray]
MODELS = {
    "plaquettes": """model m { visible s[3,4] : spin  param J, b
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] s[x,wrap(y+1)] s[wrap(x+1),wrap(y+1)] - b[y] s[x,y] }""",
    "a chain": """model m { visible s[5] : binary  hidden h[5] : spin  param J, W
  energy = - J s[x] s[wrap(x+1)] - W[x] s[x] h[pad(x+2)] + 0.2 h[x] }""",
    "one of K": """model m { visible c[2,3] : categorical(3)  param J, K
  energy = - J[k,l] c[x,y,k] c[pad(x+1),y,l] - K[x] c[x,y,k] c[x,wrap(y+1),k] }""",
    "hidden": """model m { visible c[2,2] : categorical(3)  hidden h[2,2] : spin  param J
  energy = - J[x] c[x,y,1] h[x,wrap(y+1)] - 0.2 c[x,y,k] c[pad(x+1),y,k] h[x,y] }""",
}


def machine_of(text: str, backend: str = "numba", seed: int = 3) -> Machine:
    machine = bmdsl.parse(text).compile(seed=seed, dtype="float64", backend=backend)
    assert machine.program.listing.stencils is not None
    of_parameters(machine)
    return machine


def both(text: str, backend: str = "numba") -> tuple[Machine, Machine]:
    """With lists; and one whose couplings are not listed inside `cells`."""
    return machine_of(text, backend), machine_of(text, backend)


def flat_gradient(machine: Machine) -> State:
    return {n: np.zeros_like(x) for n, x in machine.params.items()}


def energies(machine: Machine, state: Mapping[str, np.ndarray]) -> np.ndarray:
    """E of rows, base measures left out, from the model as it is written."""
    last = {
        n: np.moveaxis(machine.program.shaped(n, x), 0, -1).astype(float) for n, x in state.items()
    }
    model = machine.program.plan.model
    rows = len(next(iter(state.values())))
    return np.broadcast_to(np.asarray(naive.energy(model, machine.params, last), float), rows)


def slope(machine: Machine, name: str, at: tuple[int, ...], rows: State, w: np.ndarray) -> float:
    """Σ_r w_r ∂(−E)/∂θ: energies are linear in every single number."""
    x, found = machine.params[name], []
    kept = x[at]
    for value in (1.0, -1.0):
        x[at] = kept + value
        found.append(float(w @ energies(machine, rows)))
    x[at] = kept
    return (found[1] - found[0]) / 2


def log_conditionals(machine: Machine, state: State) -> float:
    """Σ_r Σ_i log P(x_i | rest), unit after unit over all its states; base measures are 1."""
    total = 0.0
    for g in machine.program.plan.groups:
        k = machine.program.states[g.name]
        states = {"spin": np.array([[-1.0], [1.0]]), "binary": np.array([[0.0], [1.0]])}
        choices = states.get(g.unit.name, np.eye(k))
        for i in range(g.size // k):
            own = slice(i * k, (i + 1) * k)
            w = []
            for value in choices:
                changed = {n: x.copy() for n, x in state.items()}
                changed[g.name][:, own] = value
                w.append(-energies(machine, changed))
            total += float((-energies(machine, state) - np.logaddexp.reduce(w, axis=0)).sum())
    return total


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(x=lattices(), seed=st.integers(0, 99))
def test_fields_moments_and_draws_of_random_lattices_are_those_of_lists(
    x: Lattice, seed: int
) -> None:
    plain = bmdsl.parse(x.text).compile(backend="reference")
    assume(plain.program.plan.all_listed)  # a convolution else
    lists, own = both(x.text, "reference")
    rng, program, empty = np.random.default_rng(seed), lists.program, np.empty((0, 0))
    try:
        state, w = lists.initial_state(5, update=seed), rng.random(5)
    except BmError:  # real units whose couplings leave no distribution
        assume(False)
    wanted = flat_gradient(lists)
    program.accumulate(lists.params, state, w, wanted, 0.7)
    with cells():
        f, g, found = lists.held_fields(), own.held_fields(), flat_gradient(own)
        own.program.accumulate(own.params, state, w, found, 0.7)
    for n in wanted:
        np.testing.assert_allclose(found[n], wanted[n], rtol=1e-12, atol=1e-12)
    for n, x in found.items():
        at = tuple(int(k) for k in rng.integers(x.shape))
        assert x[at] == pytest.approx(0.7 * slope(own, n, at, state, w), rel=1e-9, abs=1e-9)
    for n in state:
        eta = program.field(f, n, state)
        drawn = {k: y.copy() for k, y in state.items()}
        program.draw(f, n, eta.copy(), drawn, empty, (1, 2, 3, 4))
        settled = program.settle(f, n, eta.copy(), state, empty) if program.meets(n) else state[n]
        with cells():
            np.testing.assert_array_equal(own.program.field(g, n, state), eta)
            again = {k: y.copy() for k, y in state.items()}
            own.program.draw(g, n, eta.copy(), again, empty, (1, 2, 3, 4))
            np.testing.assert_array_equal(again[n], drawn[n])
            if own.program.meets(n):
                means = own.program.settle(g, n, eta.copy(), state, empty)
                np.testing.assert_array_equal(means, settled)


@pytest.mark.parametrize("name", ["plaquettes", "one of K"])
@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_pseudolikelihoods_are_those_of_lists_and_of_enumeration(name: str, backend: str) -> None:
    lists, own = both(MODELS[name], backend)
    state, found = lists.initial_state(4), []
    for machine in (lists, own):
        out = flat_gradient(machine)
        if machine is lists:
            value = machine.pseudolikelihood(state, np.ones(4), out, 1.0)
        else:
            with cells():
                value = machine.pseudolikelihood(state, np.ones(4), out, 1.0)
        found.append((value, out))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-12)
    assert found[1][0] == pytest.approx(log_conditionals(own, state), rel=1e-10)
    for n, x in found[0][1].items():
        np.testing.assert_allclose(found[1][1][n], x, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["a chain", "hidden", "one of K"])
def test_gradients_are_those_of_lists(name: str) -> None:
    lists, own = both(MODELS[name])
    data = {n: lists.program.shaped(n, x) for n, x in lists.initial_state(6).items()}
    data = {n: data[n] for n in lists.visible}
    one = data if len(data) > 1 else next(iter(data.values()))
    wanted, free = lists.gradient(one), lists.log_likelihood(one)
    with cells():
        found = own.gradient(one)
        np.testing.assert_allclose(own.log_likelihood(one), free, rtol=1e-12)
    for n, x in wanted.items():
        np.testing.assert_allclose(found[n], x, rtol=1e-11, atol=1e-13)
        at = (0,) * x.ndim
        kept = lists.params[n][at]
        likelihood = []
        for step in (1e-5, -1e-5):
            lists.params[n][at] = kept + step
            likelihood.append(lists.log_likelihood(one).mean())
        lists.params[n][at] = kept
        assert found[n][at] == pytest.approx((likelihood[0] - likelihood[1]) / 2e-5, abs=1e-7)


@pytest.mark.parametrize("chains", [3, 40])
@pytest.mark.parametrize("name", ["plaquettes", "a chain", "one of K", "hidden"])
def test_ais_is_that_of_lists(name: str, chains: int) -> None:
    lists, own = both(MODELS[name])
    how = {"chains": chains, "steps": 30, "settle": 5}
    wanted = lists.log_partition("ais", **how)
    with cells():
        found = own.log_partition("ais", **how)
    assert found.value == pytest.approx(wanted.value, rel=1e-12)
    if chains >= MANY_CHAINS:  # fewer are moved on in another order
        assert found.reverse.value == pytest.approx(wanted.reverse.value, rel=1e-12)
    exact = own.log_partition()
    assert abs(found.value - exact) < 6 * found.std_error + 0.3
    np.testing.assert_allclose(found.betas, wanted.betas, rtol=1e-10)


@pytest.mark.parametrize("chains", [3, 20])
def test_sweeps_step_by_step_are_those_of_lists(chains: int) -> None:
    lists, own = both(MIXED)
    begun = lists.initial_state(chains)
    state = {n: x.copy() for n, x in begun.items()}
    BoundMachine.sweep(lists, state, 3, {}, update=1)
    with cells():
        BoundMachine.sweep(own, begun, 3, {}, update=1)
    for n, x in state.items():
        np.testing.assert_array_equal(begun[n], x)


def test_no_list_of_couplings_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Listing, *given: object) -> None:
        raise AssertionError("couplings are written out")

    monkeypatch.setattr(Listing, "_places", refused)
    monkeypatch.setattr(importance, "MOST_NUMBERS", 0)
    with cells():
        for name in ("plaquettes", "one of K"):
            machine = machine_of(MODELS[name])
            machine.log_partition("ais", chains=6, steps=4, settle=1)
            data = machine.initial_state(4)
            machine.pseudolikelihood(data, np.ones(4), flat_gradient(machine), 1.0)
            machine.energy(**{n: machine.program.shaped(n, x) for n, x in data.items()})
            shaped = {n: machine.program.shaped(n, x) for n, x in data.items()}
            hole = {n: np.arange(x[0].size).reshape(x.shape[1:]) % 6 < 3 for n, x in shaped.items()}
            mask = {n: np.broadcast_to(h, shaped[n].shape) for n, h in hole.items()}
            one = (next(iter(shaped.values())), next(iter(mask.values())))
            machine.impute(*one, steps=2)
            machine.variational_bound(np.where(one[1], np.nan, one[0]))
