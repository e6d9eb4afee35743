"""Groups `v`, `a_b` and `v_a`, `b`: both couplings were kept under the name `v_a_b`, so that one of
them took the other's matrix.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive

TEXT = """model dense {{ visible v[3] : binary  visible v_a[3] : binary  hidden a_b[3] : binary
  hidden b[3] : binary  param W, U
  energy = - W[i,j] v[i] a_b[j] {one} - U[i,j] v_a[i] b[j] {other} }}"""


@pytest.mark.parametrize(
    ("one", "other"),
    [("", ""), ("for i != j", "for i < j")],
    ids=["parameters themselves", "matrices that are built"],
)
def test_each_coupling_has_its_own_matrix(one: str, other: str) -> None:
    machine = bmdsl.parse(TEXT.format(one=one, other=other)).compile(
        dtype="float64", backend="reference"
    )
    machine.params["W"], machine.params["U"] = (
        np.arange(9.0).reshape(3, 3) / 9,
        -np.arange(9.0).reshape(3, 3) / 5,
    )
    states = {n: np.array([[1.0, 0, 1], [0, 1, 1]]) for n in ("v", "v_a", "a_b", "b")}
    wanted = [
        naive.energy(machine.model, machine.params, {n: x[r] for n, x in states.items()})
        for r in range(2)
    ]
    np.testing.assert_allclose(machine.energy(**states), wanted, atol=1e-12)
    assert machine.log_partition() == pytest.approx(
        naive.log_partition(machine.model, machine.params), abs=1e-9
    )
