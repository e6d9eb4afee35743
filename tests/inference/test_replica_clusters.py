"""Clusters that two chains exchange: detailed balance, the law of pairs, and who has none."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.inference.replica_clusters import exchange_clusters, neighbours_of, pairs_of
from bmdsl.language.diagnostics import BmError
from tests.stats import verify_counts

EDGES = {(0, 1): 0.8, (1, 2): -0.8, (2, 3): 0.8, (3, 4): 0.0, (4, 0): 0.5, (0, 2): 0.6, (1, 3): 0.4}
FIELD = np.array([0.3, 0.0, -0.4, 0.0, 0.2])
GLASS = """model m { visible s[5] : spin  param J, K, h  energy = - J[i] s[i] s[wrap(i+1)]
  - K[i] s[i] s[pad(i+2)] - h[i] s[i] }"""
STATES = np.array(list(product((-1.0, 1.0), repeat=5)))
MIXED = """model m { visible s[4] : categorical(3)  visible x[4] : spin
  energy = - 0.7 s[i,a] s[wrap(i+1),a] + 0.4 x[i] x[wrap(i+1)] x[wrap(i+2)]
    - 0.5 s[i,1] x[i] - 0.2 s[i,2] }"""


def minus_energy(s: np.ndarray) -> np.ndarray:
    return s @ FIELD + sum(w * s[:, a] * s[:, b] for (a, b), w in EDGES.items())


def number(s: np.ndarray) -> np.ndarray:
    return (s > 0) @ (1 << np.arange(5)[::-1])


@pytest.fixture(scope="module")
def glass() -> Machine:
    machine = bmdsl.parse(GLASS).compile(seed=2)
    machine.params["J"] = np.array([EDGES[i, (i + 1) % 5] for i in range(5)])
    machine.params["K"] = np.array([EDGES.get((i, i + 2), 0.0) for i in range(5)])
    machine.params["h"] = FIELD
    machine.moves = "houdayer"
    return machine


def moved(s: np.ndarray, t: np.ndarray) -> dict[tuple[int, int], float]:
    """The chances of all pairs of states after an exchange, written out anew."""
    apart = [i for i in range(5) if s[i] != t[i]]
    out: dict[tuple[int, int], float] = {}
    for first in apart:
        cluster, grown = {first}, True
        while grown:
            more = {
                j
                for (a, b), w in EDGES.items()
                if w != 0
                for i, j in ((a, b), (b, a))
                if i in cluster and j in apart and j not in cluster
            }
            cluster, grown = cluster | more, bool(more)
        u, v = s.copy(), t.copy()
        for i in cluster:
            u[i], v[i] = t[i], s[i]
        key = int(number(u[None])[0]), int(number(v[None])[0])
        out[key] = out.get(key, 0.0) + 1 / len(apart)
    return out or {(int(number(s[None])[0]), int(number(t[None])[0])): 1.0}


@pytest.mark.stat
def test_exchanges_are_in_detailed_balance_and_are_those_of_the_kernel(glass: Machine) -> None:
    p = np.exp(minus_energy(STATES))
    step = np.zeros((1024, 1024))
    for a, b in product(range(32), repeat=2):
        for (c, d), chance in moved(STATES[a], STATES[b]).items():
            step[32 * a + b, 32 * c + d] = chance
    flow = np.outer(p, p).ravel()[:, None] * step
    np.testing.assert_allclose(flow, flow.T, atol=1e-12 * flow.max())
    near, n = neighbours_of(glass), 20_000
    for a, b in ((0, 3), (5, 23), (9, 0)):  # two clusters each
        rows = np.stack([np.tile(STATES[a], (n, 1)), np.tile(STATES[b], (n, 1))], axis=1)
        state = {"s": rows.reshape(2 * n, 5).astype(np.float32)}
        pairs = np.arange(2 * n).reshape(n, 2)
        exchange_clusters(glass, near, state, pairs, (1, 7, 3))
        found = number(state["s"]).reshape(n, 2) @ np.array([32, 1])
        verify_counts(np.bincount(found, minlength=1024), step[32 * a + b])


@pytest.mark.stat
def test_pairs_have_the_law_of_two_chains_each(glass: Machine) -> None:
    n = 40_000
    beta = np.tile([0.5, 1.0], n // 2)
    s = glass.sample(n, steps=12, beta=beta)["s"]
    for b in (0.5, 1.0):
        p = np.exp(b * minus_energy(STATES))
        p /= p.sum()
        own = number(s[beta == b])
        verify_counts(np.bincount(own, minlength=32), p)
        both = own.reshape(-1, 2) @ np.array([32, 1])
        verify_counts(np.bincount(both, minlength=1024), np.outer(p, p).ravel())


def test_the_sum_of_two_energies_stays_for_units_of_any_type() -> None:
    machine = bmdsl.parse(MIXED).compile(seed=1)
    state = machine.initial_state(60)
    pairs, before = np.arange(60).reshape(30, 2), machine.written_energy(state)
    old = state["s"].copy()
    exchange_clusters(machine, neighbours_of(machine), state, pairs, (1, 1, 0))
    after = machine.written_energy(state)
    np.testing.assert_allclose(after[pairs].sum(1), before[pairs].sum(1), atol=1e-5)
    assert (state["s"] != old).any() and (state["s"].reshape(60, 4, 3).sum(2) == 1).all()


@pytest.mark.stat
def test_replicas_of_two_ladders_exchange_clusters(glass: Machine) -> None:
    trace = glass.observe("energy", n=200, draws=40, beta=(0.3, 0.6, 1.0))
    p = np.exp(minus_energy(STATES))
    found = trace.summary()[0]
    assert abs(found.mean + p @ minus_energy(STATES) / p.sum()) < 5 * found.error


def test_a_frustrated_glass_is_annealed(glass: Machine) -> None:
    assert glass.anneal(8, 40).energy == pytest.approx(-minus_energy(STATES).max(), rel=1e-6)


def test_chains_of_one_temperature_are_paired() -> None:
    np.testing.assert_array_equal(pairs_of(None, 5), [[0, 1], [2, 3]])
    np.testing.assert_array_equal(
        pairs_of(np.array([1.0, 0.5, 1.0, 0.5, 1.0]), 5), [[1, 3], [0, 2]]
    )


def test_models_and_chains_without_exchanges_are_refused(glass: Machine) -> None:
    with pytest.raises(BmError, match="two chains at one temperature"):
        glass.sample(1)
    with pytest.raises(BmError, match="`s` is held") as refused:
        glass.sample(2, clamp={"s": np.ones((2, 5))})
    assert refused.value.diagnostics[0].code == "BM779"
    dense = "visible v[4] : binary  hidden h[3] : binary  param W  energy = - W[i,j] v[i] h[j]"
    machine = bmdsl.parse(f"model m {{ {dense} }}").compile(backend="reference")
    machine.moves = "houdayer"
    with pytest.raises(BmError, match="matrices couple all its units"):
        machine.sample(2)
