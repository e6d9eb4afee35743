"""The letters `a_` and `au5f` were one variable of the generated code."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive


def test_both_letters_run_over_their_own_axes() -> None:
    text = """model letters { visible v[3,2] : binary  hidden h[3] : binary  param W
      energy = - W[a_,j,au5f] v[a_,j] h[au5f] for a_ != au5f }"""
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    machine.params["W"] = np.arange(18.0).reshape(3, 2, 3) / 10
    assert machine.log_partition() == pytest.approx(
        naive.log_partition(machine.model, machine.params), abs=1e-9
    )
