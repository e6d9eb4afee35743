"""Replicas that are bits, in words of one beta: energies and exchanges are those of numbers, the
law of every temperature is the model's, and lowest states are ground states.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest

import bmdsl
from bmdsl.inference import tempering
from bmdsl.inference.bit_replicas import FEWEST_LADDERS
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from bmdsl.schedule import exchange_ops
from bmdsl.schedule.replica_ops import sum_bit_terms
from tests.inference.test_bit_chains import (
    COUPLINGS,
    TORUS,
    all_states,
    machine_of,
    minus_energy,
    number_of,
    random_values,
    verify_law,
)
from tests.stats import verify_counts

BETAS = np.array([0.3, 0.7, 1.2])


def real_values(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {k: rng.normal(0, 0.5, 4) for k in (*COUPLINGS, "b", "c")}


VALUES = {"counts": random_values(3), "numbers": real_values(3)}
"""Couplings whose fields are counts, and those whose fields are numbers."""


def bits_of(values: dict[str, np.ndarray], backend: str = "numba") -> Machine:
    machine = machine_of(values, 1, backend)
    machine.layout = "bits"
    return machine


def law(values: dict[str, np.ndarray], beta: float) -> np.ndarray:
    weights = np.exp(beta * minus_energy(values, *all_states(4)))
    return weights / weights.sum()


def from_the_law(machine: Machine, values: dict[str, np.ndarray], n: int) -> tempering.Replicas:
    """n ladders whose replicas are independent draws of the law of their temperatures."""
    rng, states = np.random.default_rng(8), all_states(4)
    drawn = np.stack([rng.choice(256, n, p=law(values, b)) for b in BETAS], axis=1).ravel()
    begin = {k: x[drawn].astype(machine.dtype) for k, x in zip("sx", states, strict=True)}
    return tempering.start(machine, n, BETAS, 0, begin)


def energies(replicas: tempering.Replicas) -> np.ndarray:
    """[temperatures, ladders], counted from the bits."""
    p = replicas.bits
    assert p is not None
    names = ("run", "run_weight", "item", "item_near", "item_both")
    x = np.zeros(64 * p.bits.shape[1])
    sum_bit_terms(p.bits, *(p.passed["bits", n] for n in names), p.passed["offset"], x)
    return -x.reshape(len(BETAS), -1)[:, : p.ladders]


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("held", [{}, {"x": np.array([1.0, 0, 1, 1])}])
def test_energies_are_those_of_the_list(kind: str, held: dict[str, np.ndarray]) -> None:
    """All of them; if a group is held, up to its own terms, which replicas have alike."""
    values = VALUES[kind]
    machine = bits_of(values, "reference")
    observed = {n: np.tile(x, (70 * 3, 1)) for n, x in held.items()}
    replicas = tempering.start(machine, 70, BETAS, 0)
    tempering.sweep(machine, replicas, 1, observed, 5, rounds=2)
    found = energies(replicas)
    for k in range(3):
        state = {n: x.astype(float) for n, x in replicas.states_at(machine, k).items()}
        assert all((state[n] == x).all() for n, x in held.items())
        own = -minus_energy(values, state["s"], state["x"])
        if held:
            own += minus_energy(
                values | {"J": 0 * values["J"], "b": 0 * values["b"]}, 0 * state["s"], state["x"]
            )
        np.testing.assert_allclose(found[k], own, atol=1e-6)


@pytest.mark.parametrize("kind", VALUES)
def test_exchanges_are_those_of_numbers(kind: str) -> None:
    """Without sweeps: who goes where, chain by chain, with the same uniform numbers."""
    values = VALUES[kind]
    machine = bits_of(values)
    replicas, begun = (from_the_law(machine, values, 200) for _ in range(2))
    tempering.sweep(machine, replicas, 0, {}, 9, rounds=3)
    minus = minus_energy(values, begun.numbers["s"].astype(float), begun.numbers["x"].astype(float))
    for r in range(3):
        uniforms = tempering.of_event("EXCHANGE", machine.seed, 9 + r).random((1, 200))
        what = begun.place, begun.accepted, begun.tried
        exchange_ops.exchange(minus, r % 2, uniforms, BETAS, *what)
    np.testing.assert_array_equal(replicas.place, begun.place)
    np.testing.assert_array_equal(replicas.accepted, begun.accepted)
    for k in range(3):
        expected, found = begun.states_at(machine, k), replicas.states_at(machine, k)
        assert all((found[n] == expected[n]).all() for n in expected)


@pytest.mark.stat
@pytest.mark.parametrize("kind", VALUES)
def test_every_temperature_keeps_its_law_and_comes_to_it(kind: str) -> None:
    values = VALUES[kind]
    machine = bits_of(values)
    kept = from_the_law(machine, values, 8000)
    tempering.sweep(machine, kept, 1, {}, 1, rounds=2)
    one = {n: np.tile(x[:1], (8000 * 3, 1)) for n, x in kept.numbers.items()}
    come = tempering.start(machine, 8000, BETAS, 0, one)
    tempering.sweep(machine, come, 1, {}, 50, rounds=40)
    for replicas in (kept, come):
        assert 0 < replicas.accepted[0] < replicas.tried[0]
        for k, beta in enumerate(BETAS):
            state = replicas.states_at(machine, k)
            verify_law(number_of(state["s"], state["x"]), law(values, beta))


def glass(length: int, layout: str, seed: int = 0) -> Machine:
    machine = bmdsl.parse(TORUS, L=length).compile(seed=seed)
    rng = np.random.default_rng(5)
    machine.params["J"], machine.params["K"] = rng.choice([-1.0, 1.0], (2, length, length))
    machine.layout = layout
    return machine


def energies_of_all_states(machine: Machine) -> np.ndarray:
    """E of all 2^16 states of a lattice of 4×4."""
    s = 2.0 * ((np.arange(1 << 16)[:, None] >> np.arange(16)) & 1).reshape(-1, 4, 4) - 1
    J, K = machine.params["J"], machine.params["K"]
    return -(J * s * np.roll(s, -1, 1) + K * s * np.roll(s, -1, 2)).sum((1, 2))


@pytest.mark.stat
def test_a_glass_of_16_spins_has_the_energies_of_its_law() -> None:
    machine = glass(4, "auto")
    levels, number = np.unique(energies_of_all_states(machine), return_inverse=True)
    betas = np.array([0.2, 0.5, 0.9])
    replicas = tempering.start(machine, 64 * 100, betas, 0)
    tempering.sweep(machine, replicas, 1, {}, 1, rounds=100)
    assert replicas.layout.startswith("bits, 64 ladders to a word of one beta, fields as counts")
    for k, beta in enumerate(betas):
        p = np.bincount(number, np.exp(-beta * levels[number]))
        found = machine.written_energy(replicas.states_at(machine, k))
        verify_counts(
            np.bincount(np.searchsorted(levels, found - 0.5), minlength=len(levels)), p / p.sum()
        )


@pytest.mark.parametrize("layout", ["bits", "numbers"])
@pytest.mark.parametrize("kind", ["counts", "numbers"])
def test_tempering_finds_the_ground_state(layout: str, kind: str) -> None:
    machine = glass(4, layout)
    if kind == "numbers":
        machine.params["J"] = np.random.default_rng(1).normal(size=(4, 4))
    found = machine.anneal(16, 60, (0.2, 3.0), replicas=6)
    assert found.energy == pytest.approx(energies_of_all_states(machine).min(), rel=1e-6)
    assert found.hits == 16 and found.found is not None and (found.found >= 1).all()
    state = {"s": found.state["s"][None]}
    assert machine.energy(**state)[0] == pytest.approx(found.energy)
    assert found.layout.startswith(layout) and found.replicas == 6


def test_bits_do_not_depend_on_parts_threads_and_backend() -> None:
    def run(backend: str, parts: tuple[int, ...]) -> np.ndarray:
        machine = bits_of(VALUES["counts"], backend)
        replicas = tempering.start(machine, 100, BETAS, 0)
        for first, rounds in zip(np.cumsum((0, *parts)), parts, strict=False):
            tempering.sweep(machine, replicas, 1, {}, 1 + int(first), rounds=rounds)
        assert replicas.bits is not None
        return replicas.bits.bits

    whole = run("numba", (5,))
    np.testing.assert_array_equal(whole, run("numba", (3, 2)))
    np.testing.assert_array_equal(whole, run("reference", (5,)))
    found = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            machine = glass(32, "bits")
            replicas = tempering.start(machine, 64, np.geomspace(0.1, 1, 8), 0)
            tempering.sweep(machine, replicas, 1, {}, 1, rounds=3)
            assert replicas.bits is not None
            found.append(replicas.bits.bits)
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    np.testing.assert_array_equal(*found)


def test_replicas_are_bits_from_some_ladders_on() -> None:
    machine, many = glass(4, "auto"), FEWEST_LADDERS
    few = machine.observe(n=many - 1, draws=2, burn_in=0, beta=(0.5, 1.0)).swaps
    assert few is not None and few.layout == f"numbers: fewer than {many} ladders"
    machine.layout = "numbers"
    assert machine.observe(n=many, draws=2, burn_in=0, beta=(0.5, 1.0)).swaps.layout == "numbers"
    machine.layout = "auto"
    trace = machine.observe("energy", n=many, draws=2, burn_in=0, beta=(0.5, 1.0))
    assert trace.swaps.layout.startswith("bits")
    last = machine.written_energy({"s": trace.state["s"].reshape(many, -1)})
    np.testing.assert_allclose(trace.values["energy"][:, -1], last)


def test_replicas_that_cannot_be_bits_say_why() -> None:
    energy = "param W  energy = - W[i,j] v[i] h[j]"
    machine = bmdsl.parse(f"model m {{ visible v[4] : binary  hidden h[3] : binary  {energy} }}")
    machine = machine.compile(backend="reference")
    trace = machine.observe(n=20, draws=2, burn_in=0, beta=(0.5, 1.0))
    assert "matrices couple units" in trace.swaps.layout
    machine.layout = "bits"
    with pytest.raises(BmError, match=r"replicas of `m` cannot be bits: matrices") as caught:
        machine.observe(n=20, draws=2, burn_in=0, beta=(0.5, 1.0))
    assert caught.value.diagnostics[0].code == "BM778"
