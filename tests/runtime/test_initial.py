"""Starts of parameters that come from data."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.runtime.initial import data_parameters

MODEL = """model m {{ visible v[2, 3, 4] : binary  hidden h[5] : binary  param W, {declared}
  energy = - W[c,x,y,j] v[c,x,y] h[j] - a[{letters}] v[c,x,y] }}"""


def start(declared: str, letters: str, v: np.ndarray) -> np.ndarray:
    return data_parameters(
        bmdsl.parse(MODEL.format(declared=declared, letters=letters)).checked, {"v": v}
    )["a"]


@pytest.mark.parametrize(
    ("letters", "axes"), [("c,x,y", ()), ("c", (2, 3)), ("x", (1, 3)), ("y,c", (2,))]
)
def test_a_shared_bias_starts_from_the_mean_over_what_it_shares(
    letters: str, axes: tuple[int, ...]
) -> None:
    v = (np.random.default_rng(0).random((50, 2, 3, 4)) < 0.3).astype(float)
    mean = v.mean((0, *axes))
    mean = mean.T if letters == "y,c" else mean
    np.testing.assert_allclose(start("a init mean(v)", letters, v), mean)
    np.testing.assert_allclose(start("a init logit_mean(v)", letters, v), np.log(mean / (1 - mean)))


def test_a_start_of_another_shape_says_what_has_one() -> None:
    v = np.zeros((5, 2, 3, 4))
    with pytest.raises(bmdsl.BmError, match="(?s)BM811.*all or some of v's letters"):
        start("b[3] init mean(v), a", "c", v)
