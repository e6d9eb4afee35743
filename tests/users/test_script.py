"""A user's script under mypy, as CI runs it beside the tests, and under Pyright."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

SCRIPT = Path(__file__).with_name("script.py")
WRONG = "import bmdsl\n\nupdates: str = bmdsl.load('rbm').compile().train().updates\n"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_mypy_finds_nothing_in_it_and_the_mistake_in_another(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(SCRIPT), str(wrong)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert "wrong.py:3: error: Incompatible types" in done.stdout
    assert str(SCRIPT.name) not in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(which("pyright") is None, reason="pyright is not installed")
def test_pyright_in_its_strict_mode_finds_nothing_in_it_and_the_mistake_in_another(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.read_text())
    (tmp_path / "wrong.py").write_text(WRONG)
    settings = {"extraPaths": [str(SCRIPT.parents[2])], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        ["pyright", "--pythonpath", sys.executable, "--outputjson", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    told = json.loads(done.stdout)["generalDiagnostics"]
    assert [Path(d["file"]).name for d in told if d["severity"] == "error"] == ["wrong.py"], told
