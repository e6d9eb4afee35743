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


def test_small_lattices_and_observed_units_go_unit_after_unit() -> None:
    small = bmdsl.parse(RINGS.replace("UNIT", "spin"), n=SITES // 4 - 1).compile()
    assert not stand_by_sites(small.program, 1) and stand_by_sites(rings("spin").program, 1)
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
