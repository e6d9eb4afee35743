"""The couplings `x^2`-`z` and `x2`-`z` were kept under one name, `x2_z`."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive

TEXT = """model x2 {{ visible x[2] : gaussian  visible x2[2] : binary  hidden z[2] : binary
  param W, U
  energy = 0.5 x[i]^2 + W[i,j] x[i]^2 z[j] {clause} - U[i,j] x2[i] z[j] {clause} }}"""


@pytest.mark.parametrize("clause", ["", "for i != j"])
def test_the_square_and_the_group_have_their_own_matrices(clause: str) -> None:
    machine = bmdsl.parse(TEXT.format(clause=clause)).compile(dtype="float64", backend="reference")
    machine.params["W"], machine.params["U"] = (
        np.array([[0.1, 0.2], [0.3, 0.4]]),
        np.array([[1.0, -2], [3, -4]]),
    )
    states = {"x": np.array([[1.5, -0.5]]), "x2": np.array([[1.0, 1]]), "z": np.array([[1.0, 1]])}
    base = 0.5 * (states["x"] ** 2).sum()
    wanted = (
        naive.energy(machine.model, machine.params, {n: x[0] for n, x in states.items()}) + base
    )
    assert machine.energy(**states)[0] == pytest.approx(wanted, abs=1e-12)
