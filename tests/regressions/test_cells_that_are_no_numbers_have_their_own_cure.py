"""`P0001` and `yes` in a table were answered by `leave a cell empty where its value is missing`."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from bmdsl.data.load import load
from bmdsl.language.diagnostics import BmError


@pytest.mark.parametrize(
    ("cell", "cure"),
    [
        ("P0001", "leave a column of names as `P0001` out"),
        ("yes", "write `yes` as 1, its opposite as 0"),
        ("No", "write `No` as 0, its opposite as 1"),
        ("FALSE", "write `FALSE` as 0"),
        ("red", "write categories as 0, 1, 2"),
    ],
)
def test_the_help_suits_the_cell(cell: str, cure: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n1,0\n1,{cell}\n")
    with pytest.raises(BmError) as told:
        load(str(tmp_path / "t.csv"))
    assert cure in str(told.value) and "empty" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (",2019,2020\n5,1,0\n6,0,1\n7,1,1\n", True),
        (",2019,2020\n5,1,0\n,0,1\n7,1,1\n", False),  # others miss one too
        (",1,0\n5,1,0\n6,0,1\n7,1,1\n", False),  # numbers as in the other lines
        ("1,0,1\n5,1,0\n6,0,1\n", False),
    ],
)
def test_an_empty_cell_that_a_heading_may_have_made_is_said(
    text: str, told: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "t.csv").write_text(text)
    logging.getLogger("bmdsl").propagate = True
    with caplog.at_level(logging.INFO, logger="bmdsl"):
        values = load(str(tmp_path / "t.csv")).values
    assert ("line 1 alone has an empty cell" in caplog.text) == told
    assert np.shape(values)[1] == 3
