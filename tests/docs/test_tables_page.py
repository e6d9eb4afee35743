"""What docs/tables.md shows is what its commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Bm

from .test_code_blocks import ROOT, blocks

PAGE = ROOT / "docs" / "tables.md"


def test_the_description_and_the_model_are_those_of_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [(kind, code) for kind, code in blocks(PAGE) if kind in ("text", "bm")]
    (tmp_path / "survey.csv").write_bytes((PAGE.with_suffix("") / "survey.csv").read_bytes())
    bm = Bm(tmp_path, monkeypatch, capsys)
    assert bm("data", "describe", "survey.csv").stdout == shown[0][1]
    assert bm("new", "survey", "--from", "survey.csv").returncode == 0
    written = (tmp_path / "survey.bm").read_text(encoding="utf-8")
    assert "# survey.bm\n" + written == shown[1][1]
    assert bm("new", "survey", "--from", "survey.csv").returncode == 1  # never over a file
