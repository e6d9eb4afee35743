"""A few kills and damages of those that the scripts of this folder carry out by the hundred."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from .damage_runs import begin, damages, files_of, outcome
from .kill_runs import killed, uninterrupted
from .runs import KINDS


@pytest.mark.slow
def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    generator, count = np.random.default_rng(0), Counter[str]()
    for kind in KINDS:
        if kind.name in ("pcd", "stack", "joint", "pretrained"):
            folder = tmp_path / kind.name
            folder.mkdir()
            seconds = uninterrupted(kind, folder, 500)[1]
            killed(kind, folder, seconds, 3, generator, count)
    assert sum(count.values())


def test_damages_are_named_or_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One damage of each file, the one that takes most to notice: a bit far behind."""
    monkeypatch.setattr("bmdsl.report.run_pictures.write_pictures", lambda *_: ())
    wanted, figures = begin(tmp_path)
    for file in files_of(tmp_path / "half"):
        data = (tmp_path / "half" / file).read_bytes()
        chosen = dict(damages(data, None, 4))
        damage = chosen[max((n for n in chosen if n.startswith("bit 0")), key=_place)]
        for command, right in (("resume", wanted), ("eval", figures)):
            found = outcome(tmp_path, file, damage, command, right)
            right_ends = ("exact",) if command == "resume" else ("exact", "refused")
            assert found.split(",")[0] in right_ends, (command, file, found)


def _place(name: str) -> int:
    return int(name.rpartition(" ")[2])
