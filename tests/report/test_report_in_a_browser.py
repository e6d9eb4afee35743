"""The report of a run in headless Chromium: wide and narrow, light and dark.

`python -m pytest tests/report/test_report_in_a_browser.py -m slow --basetemp /tmp/looks` leaves the
screenshots there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.command import Bm

from .browser import CHROMIUM, look

RUN = Path(__file__).parents[1] / "runs" / "older" / "7-47069bb" / "tiny"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: `apt-get install chromium`"),
]


def test_a_report_is_legible_wide_and_narrow_light_and_dark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(RUN, tmp_path / "run"))
    done = Bm(tmp_path, monkeypatch, capsys)("report", run)
    assert done.returncode == 0, done.stderr
    papers = set()
    for width in (1100, 390):
        for dark in (False, True):
            seen = look(run / "report.html", width, dark, tmp_path)
            assert seen.dark == dark
            assert seen.width == width and seen.scrolled <= width, seen.wide
            assert seen.wide == [] and seen.console == []
            assert seen.images > 0 and seen.blank == 0
            assert seen.picture.stat().st_size > 20_000
            papers.add((dark, seen.paper))
    assert len(papers) == 2, "one paper for each scheme"
