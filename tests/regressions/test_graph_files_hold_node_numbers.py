"""Digits that are no numbers (`²`), and nodes beyond 2^63, used to end in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

import bmdsl

TEXT = 'model m { graph G = "e.csv"  visible s[2] : spin  energy = - s[i] s[j] for <i,j> in G }'


@pytest.mark.parametrize("line", ["²,1", "0,²", f"0,{2**63}", f"0,{10**30}"])
def test_a_line_that_is_no_edge_is_a_diagnostic(tmp_path: Path, line: str) -> None:
    (tmp_path / "e.csv").write_text(f"0,1\n{line}\n", encoding="utf-8")
    (tmp_path / "m.bm").write_text(TEXT)
    with pytest.raises(bmdsl.BmError, match="(?s)BM6(08|10).*line 2"):
        bmdsl.load(tmp_path / "m.bm")
