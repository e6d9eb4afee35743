"""`C[i,f] C[j,f] v[i] v[j] h` of Gaussian units passed the checker and not the compiler."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_the_precision_moves_with_the_hidden_unit():
    machine = bmdsl.parse(
        "model m { visible v[2] : gaussian  hidden h : binary  param C[2,1]  "
        "energy = C[i,f] C[j,f] v[i] v[j] h }"
    ).compile(dtype="float64", backend="reference")
    machine.params["C"] = np.array([[1.0], [2.0]])
    v = np.array([[0.5, -1.0]])
    assert machine.energy(v=v, h=np.ones(1))[0] == pytest.approx((0.5 - 2) ** 2 + 0.625)
    assert machine.free_energy(v=v)[0] == pytest.approx(0.625 - np.log(1 + np.exp(-(1.5**2))))
    fields = machine.program.field(
        machine.program.couple(machine.params), "v", {"v": v.copy(), "h": np.ones((1, 1))}
    )
    assert (1 - 2 * fields[1, 0]).tolist() == [3, 9]  # precisions 1 + 2 C²


def test_checker_and_compiler_agree_on_a_type_without_the_square():
    with pytest.raises(bmdsl.BmError, match="BM863"):
        bmdsl.parse(
            "model m { visible v[2] : poisson  hidden h : binary  param C[2,1]  "
            "energy = C[i,f] C[j,f] v[i] v[j] h }"
        )
