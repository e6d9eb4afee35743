"""`--observe magnetization` of one-of-K units was the mean of one-hot rows: 1/q, always."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.observing import watched

POTTS = (
    "model p { visible s[4] : categorical(K = 3)  param J init 0  energy = - J s[i,k]"
    " s[wrap(i+1),k] }"
)


@pytest.mark.parametrize(
    ("codes", "wanted"),
    [([0, 0, 0, 0], 1.0), ([2, 2, 2, 1], 0.625), ([0, 1, 2, 2], 0.25), ([1, 1, 0, 0], 0.25)],
)
def test_it_is_measured_from_the_most_frequent_state(codes: list[int], wanted: float) -> None:
    m = bmdsl.parse(POTTS).compile(dtype="float64", backend="reference")
    row = {"s": np.eye(3)[codes].reshape(1, 12)}
    for each in watched(m, ["magnetization", "abs_magnetization"]):
        assert each.measure(m, row)[:, 0] == pytest.approx([wanted]), each.word


def test_chains_at_no_field_have_that_of_independent_units() -> None:
    m = bmdsl.parse(POTTS).compile(dtype="float64")
    states = np.eye(3)[np.array(np.meshgrid(*[range(3)] * 4)).reshape(4, -1).T]
    wanted = ((3 * states.mean(1).max(1) - 1) / 2).mean()
    (found,) = m.observe("magnetization", n=200, draws=20).summary()
    assert abs(found.mean - wanted) < 5 * found.error
