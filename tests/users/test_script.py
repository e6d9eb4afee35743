"""A user's script under mypy, as CI runs it beside the tests."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("script.py")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_mypy_finds_nothing_in_it_and_the_mistake_in_another(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import bmdsl\n\nupdates: str = bmdsl.load('rbm').compile().train().updates\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(SCRIPT), str(wrong)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert "wrong.py:3: error: Incompatible types" in done.stdout
    assert str(SCRIPT.name) not in done.stdout
