"""`x[i]^2` of spins is a number for each spin; its empty gradient loop was no Python."""

from __future__ import annotations

import numpy as np

import bmdsl


def test_it_adds_one_a_spin():
    model = bmdsl.parse("model m { visible x[3] : spin  energy = 2 x[i]^2 - x[i] }")
    machine = model.compile(dtype="float64", backend="reference")
    assert machine.energy(x=np.ones((1, 3)))[0] == 3
    assert np.isclose(machine.log_partition(), 3 * np.log(2 * np.cosh(1)) - 6)
