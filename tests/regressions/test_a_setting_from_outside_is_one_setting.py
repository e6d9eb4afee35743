"""`--set 'train.batch=5 } } model x {'` took the first half and dropped the rest."""

from __future__ import annotations

import pytest

import bmdsl


@pytest.mark.parametrize(
    "value",
    [
        "5 } } model x {",
        "5 } } model x { train { batch 3",
        "5 epochs 3",
        "5 } train { seed 3",
        "5 # 3",
    ],
)
def test_more_than_one_value_is_refused(value: str):
    with pytest.raises(bmdsl.BmError, match="BM517|BM0"):
        bmdsl.parse("model m { visible v[2] : binary  bias v }").bind({"batch": value})
