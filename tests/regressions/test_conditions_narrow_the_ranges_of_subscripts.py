"""`J[j-i] … for i < j` was refused, though it stays inside; along edges nothing was asked."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_couplings_by_distance_run():
    machine = bmdsl.parse(
        "model m { visible s[4] : spin  param J[4]  energy = - J[j-i] s[i] s[j] for i < j }"
    ).compile(dtype="float64", backend="reference")
    machine.params["J"] = np.array([9.0, 1.0, 2.0, 4.0])
    assert machine.energy(s=np.array([[1.0, 1.0, 1.0, -1.0]]))[0] == -(1 + 1 - 1) - (2 - 2) + 4
    assert machine.log_partition() == pytest.approx(brute())


def brute() -> float:
    states = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, -1).T
    couplings = {1: 1.0, 2: 2.0, 3: 4.0}
    energies = [
        -sum(couplings[j - i] * s[i] * s[j] for i in range(4) for j in range(i + 1, 4))
        for s in states
    ]
    return float(np.log(np.exp(-np.array(energies)).sum()))


def test_a_subscript_along_edges_stays_inside():
    with pytest.raises(bmdsl.BmError, match="BM207"):
        bmdsl.parse(
            "model m { graph G = ring(4)  visible s[4] : spin  param J[3]  "
            "energy = - J[j-i] s[i] s[j] for <i,j> in G }"
        )
