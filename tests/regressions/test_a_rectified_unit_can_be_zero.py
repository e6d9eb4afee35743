"""Features of rectified units at 0 were refused: their lowest value was taken to be 0.0001."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


@pytest.mark.parametrize("unit", ["rectified", "exponential", "nrelu", "poisson"])
def test_zero_is_a_state_and_a_mean(unit: str) -> None:
    m = bmdsl.parse(
        f"model m {{ visible v[2] : {unit}  hidden h[2] : binary  param W"
        "  energy = - W[i,j] v[i] h[j] }"
    ).compile(backend="reference")
    assert m.transform(np.zeros((1, 2))).tolist() == [[0.5, 0.5]]
    with pytest.raises(bmdsl.BmError, match="BM819"):
        m.transform(np.full((1, 2), -0.01))
