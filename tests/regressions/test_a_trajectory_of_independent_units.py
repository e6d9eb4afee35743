"""`negative trajectory` of a model that is one block: its whole states are exchanged."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled


def test_units_without_couplings() -> None:
    machine = bmdsl.parse(
        "model m { visible v[3] : binary  param b  energy = - b[i] v[i] }"
    ).compile(seed=0, dtype="float64")
    machine.train(np.eye(3), updates=3, batch=3, negative="trajectory(replicas = 3, chains = 4)")
    assert np.isfinite(machine.params["b"]).all()
