"""Lattices and graphs that ranks share: chains are those of one rank, bit for bit, however they lie
in memory.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import shared_chains
from bmdsl.inference.machine import Machine
from bmdsl.plan.plan import RANK_BLOCK
from bmdsl.ranks.by_threads import in_threads
from bmdsl.runtime.listing import Listing
from bmdsl.schedule.bit_ops import BLOCK
from bmdsl.tasks.emit import emitted
from tests.inference.forced_cells import cells
from tests.training.test_lattices_by_cells import LATTICES, lattice, visible

from .test_trainings import EXPERTS

SPINS = """model lattice(n = 4) { visible s[n, n] : spin  param J init 0.3
  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,wrap(y+1)]
  train { negative pcd(chains = 7)  optimizer sgd(rate = 0.1)  batch 5  updates 3 } }"""
GLASS = """model glass(n = 4) { visible s[n, n] : spin  param J[n, n] init normal(0, 0.5)
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - s[x,y] s[x,wrap(y+1)] }"""
POTTS = """model potts(n = 4) { visible s[n, n] : categorical(3)  param J init 0.4
  energy = - J s[x,y,k] s[wrap(x+1),y,k] - J s[x,y,k] s[x,wrap(y+1),k] }"""
LEVELS = """model levels(n = 4) { visible s[n, n] : multinary(3)  param J init 0.4
  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,wrap(y+1)] }"""


class Chains(NamedTuple):
    """A lattice, how its chains lie, and which of them two ranks have; none if both have all."""

    text: str
    layout: str
    count: int
    own: tuple[tuple[int, int], ...]


KINDS = {
    "numbers": Chains(SPINS, "numbers", 130, ((0, 65), (65, 130))),
    "few": Chains(SPINS, "numbers", 3, ((0, 1), (1, 3))),
    "bits": Chains(SPINS, "auto", 1100, ((0, 512), (512, 1100))),
    "less bits than a register": Chains(SPINS, "auto", 520, ((0, 512), (512, 520))),
    "bits of one register": Chains(SPINS, "auto", 70, ()),
    "fields of bits": Chains(GLASS, "auto", 1100, ((0, 512), (512, 1100))),
    "rows of sites": Chains(SPINS, "stencil", 5, ((0, 2), (2, 5))),
    "cells": Chains(LEVELS, "stencil", 130, ((0, 65), (65, 130))),
    "codes": Chains(POTTS, "numbers", 70, ((0, 35), (35, 70))),
    "codes of cells": Chains(POTTS, "stencil", 40, ((0, 20), (20, 40))),
}


def machine_of(chains: Chains) -> Machine:
    machine = bmdsl.parse(chains.text).compile(seed=3, backend="reference")
    machine.layout = chains.layout
    return machine


@pytest.mark.parametrize("kind", KINDS)
def test_two_ranks_move_the_chains_of_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chains = KINDS[kind]
    shared: list[tuple[int, int]] = []
    kept = shared_chains.own_of

    def watched(*given: Any) -> slice | None:
        own = kept(*given)
        shared.extend([] if own is None else [(own.start, own.stop)])
        return own

    monkeypatch.setattr(shared_chains, "own_of", watched)

    def work() -> list[np.ndarray]:
        machine = machine_of(chains)
        states = machine.sample(chains.count, steps=2)
        more = machine.sample(chains.count, steps=1, init=states)
        return [*states.values(), *more.values()]

    wanted = work()
    for found in in_threads(2, work):
        for x, y in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(x, y)
    assert set(shared) == set(chains.own)


def test_two_ranks_train_a_lattice_on_chains_that_they_share() -> None:
    model = bmdsl.parse(SPINS)
    x = np.where(np.random.default_rng(0).random((11, 4, 4)) < 0.6, 1.0, -1.0)

    def work() -> tuple[np.ndarray, dict[str, np.ndarray]]:
        machine = model.compile(seed=2)
        run = machine.train(x, progress=False)
        return machine.params["J"].copy(), dict(run.chains)

    (wanted, chains), found = work(), in_threads(2, work)
    for moved, of in found:
        np.testing.assert_allclose(moved, wanted, atol=1e-6)
        np.testing.assert_array_equal(of["s"], chains["s"])
    assert "chains 3 of 7" in emitted(model, "schedule", ranks=2)


@pytest.mark.parametrize("name", LATTICES)
def test_ranks_train_lattices_without_lists_of_couplings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name != "real":  # of real units all couplings are looked at once, whether they are bounded
        monkeypatch.setattr(Listing, "_places", None)
    how = {"negative": "pcd(steps = 2, chains = 5)", "optimizer": "sgd(rate = 0.002)"}

    def work() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        machine = lattice(name, "reference")
        weights = np.linspace(0.5, 1.5, 7)
        run = machine.train(visible(machine, 7), weights=weights, batch=4, epochs=1, **how)
        return {n: x.copy() for n, x in machine.params.items()}, dict(run.chains)

    with cells():
        (wanted, chains), begun = work(), lattice(name).params
        ranks = in_threads(2, work)
    for params, of in ranks:
        for n, x in params.items():
            np.testing.assert_allclose(x, wanted[n], rtol=1e-12, atol=1e-14, err_msg=n)
            assert np.abs(x - begun[n]).max() > 1e-5, n
        for n, states in chains.items():
            np.testing.assert_array_equal(of[n], states, err_msg=n)


def test_a_plan_says_how_ranks_share_chains() -> None:
    assert RANK_BLOCK == BLOCK
    assert f"ranks share {BLOCK} chains at a time" in str(bmdsl.parse(SPINS).plan)
    pot = bmdsl.parse(EXPERTS)
    assert "through its experts, and by every rank in all chains" in str(pot.plan)
