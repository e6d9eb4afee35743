"""A file is rewritten beside its place, through no link that somebody has planted there."""

from __future__ import annotations

import stat
from pathlib import Path

from bmdsl.tasks.fmt import rewrite

TEXT = "model m {visible v:binary\n energy=-v}"


def test_a_rewritten_file_keeps_its_mode_and_writes_nothing_else(tmp_path: Path) -> None:
    target, model = tmp_path / "target", tmp_path / "m.bm"
    target.write_text("mine")
    model.write_text(TEXT)
    model.chmod(0o640)
    (tmp_path / "m.bm.part").symlink_to(target)
    rewrite(model)
    assert model.read_text() != TEXT and "visible v : binary" in model.read_text()
    assert stat.S_IMODE(model.stat().st_mode) == 0o640
    assert target.read_text() == "mine"
