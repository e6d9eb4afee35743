"""`scale` made NaN, a missing value, of an infinite one: inf/inf."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

TEXT = """model m { visible v[2] : binary  param b  energy = - b[i] v[i]
  train { transform %s  batch 2 } }"""


@pytest.mark.parametrize(
    "transform", ["scale, binarize", "standardize, binarize", "binarize", "equal_mean, binarize"]
)
def test_infinite_data_are_refused_before_they_are_transformed(transform: str) -> None:
    m = bmdsl.parse(TEXT % transform).compile(backend="reference")
    with pytest.raises(bmdsl.BmError, match="(?s)BM714.*row 2, column 1"):
        m.train(np.array([[0.0, 1], [np.inf, 0.5]]), updates=1)
