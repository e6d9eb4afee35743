"""A second model of the same name was taken by default, the first one by name, and a stack took one
for its text and one for its machine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import bmdsl

PART = "model part(n = 2) { visible v[n] : binary  energy = - v[i] }\n"


def test_a_name_defined_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bmdsl.BmError, match="BM940"):
        bmdsl.parse(PART + PART.replace("n = 2", "n = 3"))
    (tmp_path / "part.bm").write_text(PART, encoding="utf-8")
    (tmp_path / "other.bm").write_text(
        'import "part.bm"\n' + PART.replace("n = 2", "n = 3"), encoding="utf-8"
    )
    with pytest.raises(bmdsl.BmError, match="BM940"):
        bmdsl.load(tmp_path / "other.bm")


def test_a_file_that_is_imported_by_two_ways_counts_once(tmp_path: Path) -> None:
    (tmp_path / "part.bm").write_text(PART, encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / f"{name}.bm").write_text('import "part.bm"\n', encoding="utf-8")
    (tmp_path / "whole.bm").write_text(
        'import "a.bm"\nimport "./b.bm"\nimport "part.bm"\n', encoding="utf-8"
    )
    assert bmdsl.load(tmp_path / "whole.bm").name == "part"
