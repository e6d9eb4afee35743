"""`0..n/2-1` was the range `0..n/2` and a constant term `- 1`."""

from __future__ import annotations

import pytest

import bmdsl

TEXT = (
    "model m(n = 6) {{ visible s[n] : spin  param J  "
    "energy = - J[d] s[i] s[wrap(i+d+1)] for d in {} }}"
)


def test_arithmetic_in_parentheses_is_the_range():
    assert bmdsl.parse(TEXT.format("0..(n/2-1)")).checked.parameters[0].shape == (2,)
    assert bmdsl.parse(TEXT.format("0..n/2")).checked.parameters[0].shape == (3,)


@pytest.mark.parametrize(
    "bound", ["0..n/2-1", "0..n - 1", "0..n-1, i in 0..n", "n-2..n", "0..n/2 + n"]
)
def test_a_sum_without_parentheses_is_asked_about(bound: str):
    with pytest.raises(bmdsl.BmError, match="BM222"):
        bmdsl.parse(TEXT.format(bound))


def test_a_term_after_a_range_is_a_term():
    terms = bmdsl.parse(TEXT.format("0..n/2 - s[i] + s[0]")).checked.terms
    assert [len(t.units) for t in terms] == [2, 1, 1]
