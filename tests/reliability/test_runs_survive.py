"""A few kills and damages of those that the scripts of this folder carry out by the hundred."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from .damage_runs import begin, damages, files_of, outcome
from .kill_runs import killed, uninterrupted
from .runs import KINDS

KILLS = 30


@pytest.mark.compiled
def test_thirty_kills_at_random_moments_of_four_kinds_of_training_change_nothing() -> None:
    """In a process of its own: children of one that has started threads are not sound."""
    words = ["--kills", str(KILLS), "--each", "8", "--updates", "200", "--plainly"]
    words += ["--only", "pcd,tempering,mixture,gaussian"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.kill_runs", *words],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) kills, (\d+) runs exact, 0 not", done.stdout.splitlines()[-2])
    assert found is not None and int(found[1]) >= KILLS and int(found[2]) >= 4


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
