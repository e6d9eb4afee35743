"""What installed packages bring is found by the entry points that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bmdsl.language import installed


def test_an_entry_point_of_an_installed_package_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thing.py").write_text("X = 7\n")
    folder = tmp_path / "thing-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[bmdsl.things]\nx = thing:X\n[other]\ny = thing:Y\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed._points.cache_clear()
    try:
        assert list(installed.brought("bmdsl.things")) == [7]
        assert list(installed.brought("bmdsl.nothing")) == []
    finally:
        installed._points.cache_clear()
