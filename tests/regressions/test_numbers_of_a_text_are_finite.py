"""`energy = - 1e999 v[i]` sampled all ones; a whole number past 2^53 became its neighbour."""

from __future__ import annotations

import pytest

import bmdsl


@pytest.mark.parametrize(
    "number", ["1e999", "1e200 * 1e200", "1e-999", "9007199254740993", "9" * 5000]
)
def test_a_coefficient_that_cannot_be_held_is_refused(number: str):
    with pytest.raises(bmdsl.BmError, match="BM40[67]"):
        bmdsl.parse(f"model m {{ visible v[2] : binary  energy = - {number} v[i] }}")
