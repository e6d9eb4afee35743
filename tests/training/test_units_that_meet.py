"""Trainings of groups whose units act on one another: a compiled routine does what the machine's
own functions do.

Models that may leave no distribution are refused at the same update, with the same parameters,
either way.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.runtime import proper
from bmdsl.training import loop
from bmdsl.training.compiled import CompiledUpdates

from .test_trainings_are_reproduced import (
    GENERAL,
    GLASS,
    LATTICE,
    bits,
    letters,
    levels,
    reals,
    spins,
    with_gaps,
)

pytestmark = pytest.mark.compiled

PAIRS = """model pairs {{ visible s[6] : {unit}  param J init normal(0, 0.1)  param b
  energy = - J[i,j] s[i] s[j] - 0.5 b[i] s[i] }}"""
PAIRED_LETTERS = """model letters { visible s[5] : categorical(3)  param f
  param J init normal(0, 0.1)
  energy = - f[i,a] s[i,a] - J[i,a,j,b] s[i,a] s[j,b] }"""
REAL = """model real { visible x[6] : gaussian  hidden h[3] : binary
  param J init normal(0, 0.02)  param W init normal(0, 0.1)  param b, c, d
  energy = - J[i,j] x[i] x[j] - W[i,k] x[i] h[k] - b[i] x[i] - c[k] h[k] - d[i] x[i]^2 }"""
SHORT = """model short { visible s[2,2] : spin  param J, K, h
  energy = - J s[x,y] s[wrap(x+1), y] - K s[x,y] s[wrap(x+2), y] - h[x,y] s[x,y]
    - 0.1 s[x,y] s[wrap(x+1),y] s[wrap(x+2),y] }"""
RING = """model ring { visible s[4] : categorical(3)  param J, h
  energy = - J[a] s[x,a] s[wrap(x+1), a] - h[x,a] s[x,a] }"""
REAL_RING = """model real_ring { visible x[6] : gaussian  param U init 0.1  param b
  energy = - U x[i] x[wrap(i+1)] - b[i] x[i] }"""
MIXED = """model mixed { visible v[8] : binary  hidden h[6] : binary
  param W init normal(0, 0.3)  param U[6] init normal(0, 0.3)  param Q[6] init normal(0, 0.1)
  param R init normal(0, 0.1)  param b, c
  energy = - W[i,j] v[i] h[j] - U[j] h[j] h[wrap(j+1)] - Q[m] v[m+1] v[m+2] h[m]
    - R[i,j] v[i] v[j] for i < j - b[i] v[i] - c[i] h[i] }"""
TRIPLES = """model triples { visible v[6] : binary  hidden h[6] : binary
  param U[6] init normal(0, 0.3)  param b, c
  energy = - U[j] v[j] h[j] h[wrap(j+1)] - b[i] v[i] - c[i] h[i] }"""
DEEP = """model deep { visible v[8] : binary  hidden h[6] : binary  hidden g[4] : spin
  param W[6,3] init normal(0, 0.3)  param U[4,3] init normal(0, 0.3)  param b, c, d
  energy = - W[i,p] v[i+p] h[i] - U[j,p] h[j+p] g[j] - b[i] v[i] - c[i] h[i] - d[j] g[j] }"""
TRIPLE = """model triple { visible x : gaussian  visible y : gaussian  visible z : gaussian
  param w init 0.01
  energy = - w x y z }"""
TRIPLE_DATA = {n: 3 * reals(40, 1, salt=k)[:, 0] for k, n in enumerate("xyz")}
GIVEN = """model given_ring { given u[6] : binary  visible v[6] : spin
  param U[6] init normal(0, 0.3)  param b
  energy = - U[j] u[j] v[j] v[wrap(j+1)] - b[i] v[i] }"""
TORUS = """model torus { visible s[16,16] : spin  hidden h[16,16] : binary
  param J init normal(0, 0.3)  param W init normal(0, 0.3)  param b
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - 0.2 s[x,y] s[x,pad(y+1)] - W[x,y] s[x,y] h[wrap(x+1),y]
    - b[x,y] s[x,y] }"""
COLOURED = """model coloured { visible c[16,16] : categorical(3)  param C[3,3] init normal(0, 0.3)
  energy = - C[a,b] c[x,y,a] c[wrap(x+1),y,b] - 0.3 c[x,y,a] c[x,wrap(y+1),a] }"""

SGD = "optimizer sgd(rate = 0.05, momentum = 0.5)"
SLOW = "optimizer sgd(rate = 0.002)"
PCD = f"positive exact  negative pcd(chains = 8, steps = 2)  {SGD}"
CASES: dict[str, tuple[str, str, Any]] = {
    "spins paired with themselves": (PAIRS.format(unit="spin"), PCD, spins(40, 6)),
    "bits paired with themselves": (PAIRS.format(unit="binary"), PCD, bits(40, 6)),
    "letters paired with themselves": (PAIRED_LETTERS, PCD, letters(40, 5, 3)),
    "real units": (REAL, PCD.replace(SGD, SLOW), 0.3 * reals(40, 6)),
    "hidden units drawn": (
        GENERAL,
        f"positive gibbs(steps = 3)  negative cd(steps = 2)  {SGD}",
        with_gaps(bits(40, 7)),
    ),
    "hidden means": (
        GENERAL,
        f"positive meanfield(damping = 0.2)  negative cd  {SGD}",
        bits(40, 7),
    ),
    "hidden units at temperatures": (
        GENERAL,
        f"positive meanfield()  negative tempering(replicas = 3, chains = 6, steps = 2)  {SGD}",
        bits(40, 7),
    ),
    "a lattice with gaps": (
        LATTICE,
        f"positive gibbs(steps = 2)  negative pcd(chains = 8)  {SGD}",
        with_gaps(spins(40, 4, 4)),
    ),
    "a lattice from the data": (
        LATTICE,
        f"positive exact  negative cd(steps = 2)  {SGD}",
        spins(40, 4, 4),
    ),
    "units that meet themselves": (SHORT, PCD, spins(40, 2, 2)),
    "few chains of a large lattice": (
        TORUS,
        f"positive exact  negative pcd(chains = 2, steps = 2)  {SLOW}",
        spins(40, 16, 16),
    ),
    "few replicas of a large lattice": (
        TORUS,
        f"positive exact  negative tempering(replicas = 3, chains = 1)  {SLOW}",
        spins(40, 16, 16),
    ),
    "few chains of letters on a large lattice": (
        COLOURED,
        f"positive exact  negative pcd(chains = 3)  {SLOW}",
        letters(40, 256, 3).reshape(40, 16, 16),
    ),
    "such units at temperatures": (
        SHORT,
        f"positive exact  negative tempering(replicas = 3, chains = 6)  {SGD}",
        spins(40, 2, 2),
    ),
    "all states of such units": (SHORT, f"positive exact  negative exact  {SGD}", spins(40, 2, 2)),
    "letters on a ring": (RING, PCD, letters(40, 4, 3)),
    "real units on a ring": (REAL_RING, PCD.replace(SGD, SLOW), 0.3 * reals(40, 6)),
    "few real units on a ring": (
        REAL_RING,
        f"positive exact  negative pcd(chains = 3)  {SLOW}",
        0.3 * reals(40, 6),
    ),
    "lists beside matrices": (
        MIXED,
        f"positive gibbs(steps = 2)  negative pcd(chains = 8)  {SGD}",
        bits(40, 8),
    ),
    "means of triples": (
        TRIPLES,
        f"positive meanfield(steps = 20)  negative pcd(chains = 8)  {SGD}",
        bits(40, 6),
    ),
    "means of two layers": (
        DEEP,
        f"positive meanfield(steps = 20)  negative pcd(chains = 8)  {SGD}",
        bits(40, 8),
    ),
    "a given group": (
        GIVEN,
        f"positive exact  negative cd(steps = 2)  {SGD}",
        {"u": bits(40, 6, salt=2), "v": spins(40, 6)},
    ),
    "fast weights": (
        GLASS,
        "positive exact  negative fpcd(chains = 6, rate = 0.05)  optimizer sgd(rate = 0.05)",
        spins(40, 14),
    ),
}


def machine(model: str, words: str) -> Any:
    body = model.rstrip().removesuffix("}")
    text = f"{body}\n  train {{ {words}  batch 16  seed 11 }}\n}}"
    made = bmdsl.parse(text).compile(seed=5, dtype="float64")
    if "categorical" not in model:  # as a training's own chains are: bits have draws of their own
        made.layout = "numbers"
    return made


def trained(m: Any, data: Any, weights: np.ndarray | None = None) -> dict[str, np.ndarray]:
    run = m.train(data, weights=weights, progress=False)
    return {**{n: x.copy() for n, x in m.params.items()}, **run.chains}


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[CompiledUpdates]:
    """The routines that were made."""
    made: list[CompiledUpdates] = []
    compose = CompiledUpdates.of
    monkeypatch.setattr(
        CompiledUpdates, "of", lambda *given: made.append(compose(*given)) or made[-1]
    )
    return made


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::bmdsl.language.diagnostics.BmWarning")
def test_a_routine_trains_as_the_machines_functions_do(
    name: str, weighted: bool, composed: list[CompiledUpdates], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, words, data = CASES[name]
    weights = 0.5 + levels(40, 1)[:, 0] if weighted else None
    found = trained(machine(model, f"{words}  updates 20"), data, weights)
    assert composed
    monkeypatch.setattr(loop._Loop, "_compiled", lambda self: None)
    meant = trained(machine(model, f"{words}  updates 20"), data, weights)
    assert set(found) == set(meant)
    for key in meant:
        np.testing.assert_allclose(found[key], meant[key], rtol=0, atol=1e-10, err_msg=key)


@pytest.mark.parametrize("open_verdict", [False, True])
def test_parameters_that_leave_no_distribution_are_refused_at_the_same_update(
    open_verdict: bool, composed: list[CompiledUpdates], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proof that fails is BM813; without a proof the chains are watched, BM890."""
    if open_verdict:
        judge = proper.judge

        def unsure(*given: Any) -> list[Any]:
            return [
                dataclasses.replace(x, verdict="open") if x.verdict == "improper" else x
                for x in judge(*given)
            ]

        monkeypatch.setattr(proper, "judge", unsure)
    model, data = (TRIPLE, TRIPLE_DATA) if open_verdict else (REAL_RING, 3 * reals(40, 6))
    longer = "positive exact  negative pcd(chains = 8, steps = 10)  optimizer sgd(rate = 0.3)"
    words = longer if open_verdict else PCD
    said, left = [], []
    for interpreted in (False, True):
        if interpreted:
            monkeypatch.setattr(loop._Loop, "_compiled", lambda self: None)
        m = machine(model, f"{words}  updates 3000")
        with pytest.raises(BmError) as error:
            m.train(data, progress=False)
        said.append(str(error.value))
        left.append({n: x.copy() for n, x in m.params.items()})
    assert composed and ("BM890" if open_verdict else "BM813") in said[0]
    assert said[0] == said[1]
    for key in left[0]:
        np.testing.assert_allclose(left[0][key], left[1][key], rtol=1e-9)
