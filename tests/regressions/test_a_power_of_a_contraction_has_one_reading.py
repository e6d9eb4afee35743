"""`h[k] (C[i,f] v[i])^2` ran as a sum of squares; the formula on paper is the square of a sum."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

HEAD = "visible v[2] : gaussian  hidden h : binary  param C[2,2]"


def test_it_is_refused_with_both_readings():
    with pytest.raises(
        bmdsl.BmError, match=r"BM320(?s:.*)\(sum\[i\] C\[i,f\] v\[i\]\)\^2(?s:.*)sum\[i\] h"
    ):
        bmdsl.parse(f"model m {{ {HEAD}  energy = h * (C[i,f] v[i])^2 }}")


def test_the_square_of_the_sum_runs():
    machine = bmdsl.parse(f"model m {{ {HEAD}  energy = h * (sum[i] C[i,f] v[i])^2 }}").compile(
        dtype="float64", backend="reference"
    )
    machine.params["C"] = np.array([[1.0, 2.0], [3.0, -1.0]])
    v = np.array([[0.5, -1.0]])
    assert machine.energy(v=v, h=np.ones(1))[0] == pytest.approx(
        (0.5 - 3) ** 2 + (1 + 1) ** 2 + 0.625
    )
