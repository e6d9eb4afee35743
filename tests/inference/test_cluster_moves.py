"""Clusters: the law of chains that move by them, detailed balance, and models that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from tests.stats import verify_counts

MOVES = ("cluster", "wolff")


@dataclass(frozen=True)
class Case:
    """A model of six units whose pairs and their gains are written out here once more."""

    text: str
    values: Sequence[float]
    parameters: dict[str, np.ndarray]
    pairs: Sequence[tuple[int, int, float]]
    """−E is the sum of K over pairs of one state, for units of `values`, up to a constant."""


LADDER = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]
SIGNS = np.array([1, -1, 1, 1, -1, 1])  # what a gauge makes of couplings that all are positive
J = np.array([0.3, 0.5, 0.2, 0.6, 0.4, 0.1, 0.7])


def _glass(unit: str, sign: np.ndarray, extra: str = "") -> str:
    terms = " ".join(
        f"- {float(k * sign[a] * sign[b])!r} s[{a}] s[{b}]".replace("- -", "+ ")
        for k, (a, b) in zip(J, LADDER, strict=True)
    )
    return f"model m {{ visible s[6] : {unit}  energy = {terms} {extra} }}"


def _balanced() -> str:
    """J x x′ less the fields that x = (s + 1)/2 brings."""
    around = np.zeros(6)
    for k, (a, b) in zip(J, LADDER, strict=True):
        around[[a, b]] += k / 2
    return _glass(
        "binary", np.ones(6), " ".join(f"+ {float(x)!r} s[{i}]" for i, x in enumerate(around))
    )


POTTS = """model m { visible s[2, 3] : categorical(3)  param K init 0
  energy = - K[x] s[x,y,a] s[x,wrap(y+1),a] - 0.4 s[wrap(x+1),y,a] s[x,y,a] }"""
RINGS = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
CASES = {
    "spins": Case(
        _glass("spin", np.ones(6)),
        (-1, 1),
        {},
        [(a, b, 2 * k) for k, (a, b) in zip(J, LADDER, strict=True)],
    ),
    "signs that a gauge removes": Case(
        _glass("spin", SIGNS),
        (-1, 1),
        {},
        [(a, b, 2 * k * SIGNS[a] * SIGNS[b]) for k, (a, b) in zip(J, LADDER, strict=True)],
    ),
    "binary units whose fields cancel": Case(
        _balanced(), (0, 1), {}, [(a, b, k / 2) for k, (a, b) in zip(J, LADDER, strict=True)]
    ),
    "states": Case(
        POTTS,
        (0, 1, 2),
        {"K": np.array([0.5, 0.9])},
        [(a, b, 0.5 if a < 3 else 0.9) for a, b in RINGS] + [(i, i + 3, 0.8) for i in range(3)],
    ),
}


def machine_of(case: Case, moves: str, seed: int = 3) -> Machine:
    machine = bmdsl.parse(case.text).compile(seed=seed)
    for name, value in case.parameters.items():
        machine.params[name] = value
    machine.moves = moves
    return machine


def codes(x: np.ndarray, states: int) -> np.ndarray:
    """The number of a joint state, of chains of states."""
    x = x.argmax(axis=-1) if states > 2 else x > 0
    return x.reshape(len(x), 6) @ states ** np.arange(6)[::-1]


def law(case: Case, beta: float) -> np.ndarray:
    every = np.array(list(product(range(len(case.values)), repeat=6)))
    minus_energy = sum(k * (every[:, a] == every[:, b]) for a, b, k in case.pairs)
    p = np.exp(beta * minus_energy)
    return p / p.sum()


@pytest.mark.stat
@pytest.mark.parametrize("moves", MOVES)
@pytest.mark.parametrize("name", CASES)
def test_chains_have_their_exact_law(name: str, moves: str) -> None:
    case, n = CASES[name], 30_000
    machine = machine_of(case, moves)
    for beta in (1.0, 0.4):
        steps = 8 if moves == "cluster" else 40
        x = machine.sample(n, steps=steps, beta=np.full(n, beta))["s"]
        found = np.bincount(codes(x, len(case.values)), minlength=len(case.values) ** 6)
        verify_counts(found, law(case, beta))


def _joined(case: Case, state: Sequence[int], beta: float) -> dict[tuple[int, ...], float]:
    """The chances of what bonds join, by the least unit of every unit's cluster."""
    agree = [(a, b, abs(k)) for a, b, k in case.pairs if (state[a] == state[b]) == (k > 0)]
    out: dict[tuple[int, ...], float] = {}
    for bonds in product((False, True), repeat=len(agree)):
        chance, label = 1.0, list(range(6))
        for on, (a, b, k) in zip(bonds, agree, strict=True):
            chance *= 1 - np.exp(-beta * k) if on else np.exp(-beta * k)
            if on:
                low, high = sorted((label[a], label[b]))
                label = [low if x == high else x for x in label]
        out[tuple(label)] = out.get(tuple(label), 0.0) + chance
    return out


def _moved(case: Case, state: tuple[int, ...], moves: str, beta: float) -> np.ndarray:
    """P(state → every other one), from all bonds and all clusters in turn."""
    q, out = len(case.values), np.zeros(len(case.values) ** 6)
    powers = q ** np.arange(6)[::-1]
    for label, chance in _joined(case, state, beta).items():
        roots = sorted(set(label))
        if moves == "cluster":
            for shifts in product(range(q), repeat=len(roots)):
                by = dict(zip(roots, shifts, strict=True))
                new = [(s + by[r]) % q for s, r in zip(state, label, strict=True)]
                out[np.dot(new, powers)] += chance / q ** len(roots)
        else:
            for i, shift in product(range(6), range(1, q)):
                new = [
                    (s + shift) % q if r == label[i] else s
                    for s, r in zip(state, label, strict=True)
                ]
                out[np.dot(new, powers)] += chance / 6 / (q - 1)
    return out


@pytest.mark.stat
@pytest.mark.parametrize("moves", MOVES)
def test_moves_are_in_detailed_balance_and_are_those_of_the_kernel(moves: str) -> None:
    case, beta = CASES["signs that a gauge removes"], 0.7
    every = list(product(range(2), repeat=6))
    step = np.array([_moved(case, x, moves, beta) for x in every])
    flow = law(case, beta)[:, None] * step
    np.testing.assert_allclose(step.sum(axis=1), 1)
    np.testing.assert_allclose(flow, flow.T, atol=1e-15)
    machine, n = machine_of(case, moves), 40_000
    for k in (0, 13, 42):
        begin = np.tile(2.0 * np.array(every[k]) - 1, (n, 1))
        x = machine.sample(n, steps=1, init={"s": begin}, beta=np.full(n, beta))["s"]
        verify_counts(np.bincount(codes(x, 2), minlength=64), step[k])


@pytest.mark.parametrize("moves", MOVES)
def test_a_long_run_is_its_parts(moves: str) -> None:
    machine = machine_of(CASES["states"], moves)
    whole, parts = machine.initial_state(5), machine.initial_state(5)
    machine.sweep(whole, 7, {}, update=4)
    machine.sweep(parts, 3, {}, update=4)
    machine.sweep(parts, 4, {}, update=4, first=3)
    np.testing.assert_array_equal(whole["s"], parts["s"])


@pytest.mark.stat
@pytest.mark.parametrize("moves", MOVES)
def test_replicas_move_in_clusters_too(moves: str) -> None:
    case = CASES["spins"]
    trace = machine_of(case, moves).observe("energy", n=500, draws=40, beta=(0.2, 0.6, 1.0))
    every = np.array(list(product((-1, 1), repeat=6)))
    energy = -sum(k / 2 * every[:, a] * every[:, b] for a, b, k in case.pairs)
    exact = float(law(case, 1.0) @ energy)
    found = trace.summary()[0]
    assert abs(found.mean - exact) < 5 * found.error


REFUSED = {
    "- 0.4 s[wrap(i+1)] s[i] - 0.1 s[i]": "a field prefers some states",
    "+ 0.4 s[wrap(i+1)] s[i]": "its couplings are frustrated: s[",
    "- 0.4 s[wrap(i+1)] s[i] s[wrap(i+2)]": "a term multiplies three units or more",
    "- J[i,j] s[i] s[j] for i < j - 3 s[0] s[1] + 6 s[0] s[2]": "its couplings are frustrated: s[",
}


@pytest.mark.parametrize("energy", REFUSED)
def test_a_model_without_clusters_is_refused_with_the_reason(energy: str) -> None:
    declared = "param J init 0.1" if "J" in energy else ""
    machine = bmdsl.parse(f"model m {{ visible s[5] : spin {declared} energy = {energy} }}")
    made = machine.compile(backend="reference")
    made.moves = "cluster"
    with pytest.raises(BmError) as refused:
        made.sample(2)
    assert refused.value.diagnostics[0].code == "BM779"
    assert REFUSED[energy] in refused.value.diagnostics[0].message


def test_held_units_and_unknown_words_are_refused() -> None:
    machine = machine_of(CASES["spins"], "wolff")
    with pytest.raises(BmError, match="`s` is held"):
        machine.sample(2, clamp={"s": np.ones((2, 6))})
    with pytest.raises(BmError, match="did you mean `cluster`"):
        machine.moves = "clusters"


@pytest.mark.parametrize("layout", ["bits", "stencil", "codes"])
def test_clusters_refuse_a_layout_that_single_units_alone_have(layout: str) -> None:
    machine = machine_of(CASES["spins"], "cluster")
    machine.layout = layout
    with pytest.raises(BmError, match=f"moves are `cluster`.*not as {layout}"):
        machine.sample(2)
    machine.layout = "numbers"
    assert len(machine.sample(2)["s"]) == 2
