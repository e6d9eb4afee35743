"""The pseudo-likelihood's gradient of one product of spins: n (1 − tanh J) where all are 1, for any
n.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


@pytest.mark.parametrize(
    ("n", "dtype", "within"),
    [(8, "float64", 1e-9), (9, "float64", 1e-9), (12, "float64", 1e-9), (12, "float32", 2e-3)],
)
def test_nine_factors_and_more(n: int, dtype: str, within: float) -> None:
    machine = bmdsl.parse(
        f"model m {{ visible s[{n}] : spin  param J init 0.4  energy = - J"
        f" {' '.join(f's[{i}]' for i in range(n))} }}"
    ).compile(dtype=dtype)
    out = {"J": np.zeros((), machine.dtype)}
    machine.pseudolikelihood({"s": np.ones((1, n), machine.dtype)}, np.ones(1), out, 1.0)
    assert float(out["J"]) == pytest.approx(n * (1 - np.tanh(0.4)), rel=within)
