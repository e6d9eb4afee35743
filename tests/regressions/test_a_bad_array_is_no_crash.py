"""Numbers without a case axis, ragged lists and other starts used to end in a traceback."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import bmdsl


def test_what_is_no_array_of_cases_is_a_diagnostic() -> None:
    m = bmdsl.parse("model m { visible v : binary  param b  energy = - b v }").compile(
        backend="reference"
    )
    for wrong, code in (
        (1.0, "BM806"),
        ([[1.0], [1.0, 2.0]], "BM770"),
        ("x", "BM770"),
        (scipy.sparse.eye(1), "BM806"),
    ):
        for enter in (
            lambda x: m.energy(v=x),
            lambda x: m.sample(1, init={"v": x}),
            lambda x: m.log_partition("ais", start={"v": x}, chains=4, steps=2),
        ):
            with pytest.raises(bmdsl.BmError, match=code):
                enter(wrong)
    with pytest.raises(bmdsl.BmError, match="BM777"):
        m.impute(np.ones(3), np.ones((2, 2)))
