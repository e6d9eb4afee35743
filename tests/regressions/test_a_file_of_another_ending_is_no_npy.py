"""`bm infer --out filled.csv` wrote `filled.csv.npy`, without the heading and one group alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bmdsl.language.diagnostics import BmError
from bmdsl.runs.results import write_results


def test_a_csv_is_written_as_csv_and_no_other_ending_is_taken(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,\n0,1\n")
    values = np.array([[1.0, 0.25], [0.0, 1.0]])
    path = write_results(tmp_path / "filled.csv", {"v": values}, str(tmp_path / "t.csv"))
    assert path.name == "filled.csv" and path.read_text() == "a,b\n1,0.25\n0,1\n"
    for name, groups in (("x.json", {"v": values}), ("x.csv", {"v": values, "y": values})):
        with pytest.raises(BmError, match="BM787"):
            write_results(tmp_path / name, groups)
    assert {p.name for p in tmp_path.iterdir()} == {"t.csv", "filled.csv"}
