"""Seeds of 2⁶³ and more were told to be fine, and ended compiled routines with an error; clusters
drew for them what they draw for the seed without its highest bit.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

RING = """model m { visible s[8] : spin  hidden h[2] : spin  param J init 0.3, W init 0.2
  energy = - J s[i] s[wrap(i+1)] - W s[i] h[j]
  train { negative cd(steps = 1)  positive gibbs(steps = 1)  batch 4  updates 2 } }"""
SEEDS = (1, 2**63 - 1, 2**63 + 1, 2**64 - 1)


@pytest.mark.parametrize("moves", ["gibbs", "cluster", "wolff"])
def test_every_seed_draws_and_draws_its_own(moves: str) -> None:
    drawn = set()
    for seed in SEEDS:
        machine = bmdsl.parse(RING).compile(seed=seed)
        machine.moves = moves
        drawn.add(machine.sample(20, steps=3, beta=np.full(20, 0.7))["s"].tobytes())
        drawn.add(machine.sample(20, steps=3)["s"].tobytes())
    assert len(drawn) == 2 * len(SEEDS)


def test_compiled_code_draws_what_the_text_means() -> None:
    chains, parameters = [], []
    for backend in ("numba", "reference"):
        machine = bmdsl.parse(RING).compile(seed=2**63 + 5, dtype="float64", backend=backend)
        chains.append(machine.sample(20, steps=3)["s"])
        machine.train(np.where(np.arange(64).reshape(8, 8) % 3 == 0, 1.0, -1.0), progress=False)
        parameters.append(machine.params["W"])
    np.testing.assert_array_equal(*chains)
    np.testing.assert_allclose(*parameters, atol=1e-12)
