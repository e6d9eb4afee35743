"""`bm ground` of an 8×8 plaquette model ended at −31 with no word of doubt; its least energy is
−32.
"""

from __future__ import annotations

import pytest

import bmdsl

pytestmark = pytest.mark.compiled

PLAQUETTES = """model plaq(L = 6, J = 0.5) {
  visible s[L, L] : spin
  energy = - J s[x,y] s[wrap(x+1),y] s[x,wrap(y+1)]
}"""


def test_the_least_energy_of_plaquettes_is_found_or_doubted():
    for seed in range(3):
        found = bmdsl.parse(PLAQUETTES).compile(seed=seed).anneal()
        assert found.energy == -18 or found.doubt
        assert found.rounds > 1


def test_an_easy_search_ends_early_and_without_doubt():
    found = bmdsl.load("ising", L=6).compile(seed=0).anneal()
    assert (found.sweeps, found.agreed, found.doubt) == (2000, True, "")


def test_one_cooling_that_few_chains_end_well_is_doubted():
    found = bmdsl.parse(PLAQUETTES).compile(seed=0).anneal(32, 5)
    assert found.hits < 8 and "a lower state is likely" in found.doubt


def test_an_energy_of_nothing_is_0():
    import numpy as np

    m = bmdsl.parse("model m { visible s[2] : spin  energy = - 0 s[0] s[1] }").compile()
    assert str(float(m.anneal(4, 5).energy)) == "0.0"
    assert str(float(m.energy(s=np.ones((1, 2)))[0])) == "0.0"
