"""Samples, annealed importance sampling and ground states that ranks share are those of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import shared_chains
from bmdsl.ranks.by_threads import in_threads

RBM = """model m(D = 6, H = 4) { visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.3)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""
LATTICE = """model lattice(n = 4) { visible s[n, n] : spin  param J init 0.3
  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,wrap(y+1)] }"""
Result = tuple[dict[str, np.ndarray], ...]


def drawn(text: str) -> tuple[Result, np.ndarray]:
    """Chains from the biases, from states, and at temperatures of their own; figures of all."""
    machine = bmdsl.parse(text).compile(seed=3)
    machine.layout = "numbers"  # chains of one word of bits are one rank's
    first = machine.sample(7, steps=5)
    going = machine.sample(5, steps=3, init={n: x[:5] for n, x in first.items()})
    warm = machine.sample(6, steps=4, beta=np.linspace(0.5, 1, 6))
    z: Any = machine.log_partition(method="ais", chains=10, steps=8)
    found = machine.anneal(8, sweeps=6)
    figures = [z.forward.value, z.reverse.value, z.forward.effective, found.energy]
    ladders = machine.observe(
        "energy", "overlap", n=7, draws=3, burn_in=2, beta=(0.3, 0.6, 1), init=first
    )
    held = {n: first[n] for n in machine.hidden}
    plain = machine.observe("energy", n=7, draws=2, burn_in=2, clamp=held)
    assert ladders.swaps is not None
    figures += [*ladders.swaps.acceptance, ladders.swaps.trips]
    figures += [x for t in (ladders, plain) for y in t.values.values() for x in y.ravel()]
    states = first, going, warm, found.state, ladders.state, plain.state
    return states, np.array([*figures, *found.energies])


@pytest.mark.parametrize("text", [RBM, LATTICE])
def test_three_ranks_draw_the_chains_of_one(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    states, figures = drawn(text)
    counts = []
    kept = shared_chains.share
    monkeypatch.setattr(shared_chains, "share", lambda *x: counts.append(x) or kept(*x))
    for own, told in in_threads(3, lambda: drawn(text)):
        for one, other in zip(states, own, strict=True):
            for name, x in one.items():
                np.testing.assert_array_equal(other[name], x, err_msg=name)
        np.testing.assert_allclose(told, figures, rtol=1e-5, atol=1e-6)
    assert counts
