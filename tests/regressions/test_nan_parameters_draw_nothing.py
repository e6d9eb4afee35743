"""Parameters that are NaN are refused: they used to give samples of plausible zeros and ones."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_nan_parameters_are_refused_where_they_are_set_and_where_they_are_used() -> None:
    m = bmdsl.parse("model m { visible v[2] : binary  param b  energy = - b[i] v[i] }").compile(
        backend="reference"
    )
    with pytest.raises(bmdsl.BmError, match=r"BM773.*`b` holds nan at \[1\]"):
        m.params["b"] = [0, np.nan]
    m.params["b"][1] = np.nan
    with pytest.raises(bmdsl.BmError, match=r"BM773.*`b` holds nan at \[1\]"):
        m.sample(4, steps=1)
