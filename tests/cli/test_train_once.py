"""`bm train` parses a text once, reads its data once, and imports nothing that it has no
use for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bmdsl.cli.main import app
from bmdsl.data import load
from bmdsl.language import parse

MODEL = """model m(D, H = 4) {
  visible v[D] : binary  hidden h[H] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd(chains = 20)  batch 20  epochs 2 }
}
"""
STACK = MODEL + "stack s {\n  low : m(D = 6)\n  high : m(H = 3) on low.h\n  train { greedily }\n}\n"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Texts that were parsed, and files that were read."""
    seen: dict[str, list[str]] = {"texts": [], "files": []}
    build, read = parse.Builder, load.read_contents

    def building(source: Any) -> Any:
        seen["texts"].append(source.name)
        return build(source)

    def reading(spec: str) -> Any:
        seen["files"].append(spec)
        return read(spec)

    monkeypatch.setattr(parse, "Builder", building)
    monkeypatch.setattr(load, "read_contents", reading)
    return seen


@pytest.mark.parametrize("text", [MODEL, STACK], ids=["model", "stack"])
def test_a_text_is_parsed_once_and_data_are_read_once(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: dict[str, list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.bm").write_text(text)
    np.save("x.npy", (np.random.default_rng(0).random((60, 6)) < 0.4).astype(float))
    words = ["train", "m.bm", "x.npy", "--out", "run", "--seed", "3", "--set", "train.epochs=1"]
    app(words, standalone_mode=False)
    assert counted["texts"].count("m.bm") == 1
    assert counted["files"] == ["x.npy"]


def test_a_resume_reads_its_data_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: dict[str, list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.bm").write_text(MODEL)
    np.save("x.npy", (np.random.default_rng(0).random((60, 6)) < 0.4).astype(float))
    app(["train", "m.bm", "x.npy", "--out", "run"], standalone_mode=False)
    counted["files"].clear()
    app(["resume", "run", "--set", "train.epochs=3"], standalone_mode=False)
    assert counted["files"] == [str(tmp_path / "x.npy")]


def test_what_a_training_has_no_use_for_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom bmdsl.cli.main import app\napp(sys.argv[1:],"
        " standalone_mode=False)\nunused = {'sklearn', 'pandas', 'scipy.stats', 'scipy.optimize',"
        " 'scipy.sparse', 'matplotlib'}\nassert not unused & set(sys.modules), unused &"
        " set(sys.modules)\n"
    )
    words = ["train", "rbm", "digits", "-D", "H=5", "--set", "train.epochs=1", "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
