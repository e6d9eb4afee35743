"""A term that is constant, with letters and without parameters, gave a module that Python could not
read.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


@pytest.mark.parametrize("jit", [False, True])
def test_two_squares_of_spins(jit: bool) -> None:
    m = bmdsl.parse(
        "model m { visible s[2] : spin  param b  energy = 0.5 s[i]^2 - b[i] s[i] }"
    ).compile(dtype="float64", backend="numba" if jit else "reference")
    assert m.log_partition() == pytest.approx(2 * np.log(2) - 1)
    np.testing.assert_allclose(m.energy(s=np.array([[1.0, -1.0]])), 1.0)
    np.testing.assert_allclose(m.gradient(np.array([[1.0, -1.0]]))["b"], [1, -1])
