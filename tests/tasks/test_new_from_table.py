"""How many hidden units a model for a table begins with."""

from __future__ import annotations

import math

import pytest

from bmdsl.data.describing import describe
from bmdsl.data.table import of_columns
from bmdsl.inference.observed_scores import BITS
from bmdsl.tasks.new_from_table import MAX_EXACT, hidden_units, model_text


@pytest.mark.parametrize(
    ("columns", "rows", "gaps", "hidden"),
    [
        (3, 500, False, 8),
        (14, 500, False, 14),
        (14, 300, True, 13),
        (14, 100_000, True, 8),
        (31, 500, True, 31),
        (31, 500, False, 31),
        (300, 500, False, 64),
    ],
)
def test_a_hidden_unit_for_each_column_unless_gaps_are_to_be_summed_out(
    columns: int, rows: int, gaps: bool, hidden: int
) -> None:
    assert hidden_units(columns, rows, gaps) == hidden
    if gaps and columns <= MAX_EXACT and rows < 10_000:
        assert hidden + math.log2(rows) <= BITS  # what `bm eval` sums out for every row


def test_the_number_of_hidden_units_is_told_with_when_to_raise_it() -> None:
    rows = 60
    yes_no = {f"q{k}": ["yes", "no", "no"] * (rows // 3) for k in range(12)}
    yes_no["q0"][3] = ""  # a gap of yes and no is summed out by itself
    text = model_text(describe(of_columns(yes_no, "t")), "m", "t.csv")
    assert "# H = 12 hidden units for 12 columns, few enough for an exact likelihood." in text
    assert "#   bm train m.bm -D H=24 --out runs/more" in text and "model m(H = 12)" in text
    ages = {"age": [None, *(20.5 + k % 40 for k in range(rows - 1))]}
    text = model_text(describe(of_columns(yes_no | ages, "t")), "m", "t.csv")
    assert "model m(H = 13)" in text  # log2(60) = 5.9 bits leave 16
    wide = {f"r{k}": yes_no["q1"] for k in range(30)}
    text = model_text(describe(of_columns(wide, "t")), "m", "t.csv")
    assert "model m(H = 30)" in text and "exact likelihood" not in text
