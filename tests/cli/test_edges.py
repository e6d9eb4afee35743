"""What `bm` says without a verb, of itself, and of the machine that it runs on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bmdsl
from bmdsl.tasks import doctor

from .command import Bm


def test_alone_it_says_what_to_do_next(bm: Bm):
    done = bm()
    assert done.returncode == 0 and "bm train rbm digits" in done.stdout
    verbs = set(re.findall(r"\bbm (\w+)", done.stdout)) - {"VERB"}
    for verb in verbs:
        assert bm(verb, "--help").returncode == 0


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert bmdsl.__version__ == project["version"]


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_it_says_its_version(bm: Bm, option: str):
    done = bm(option)
    assert (done.returncode, done.stdout) == (0, f"bmdsl {bmdsl.__version__}\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("bm tra", "train"), ("bm check gbr", "gbrbm"), ("bm train --lo", "--log")],
)
def test_the_shell_completes_verbs_models_and_options(words: str, expected: str):
    env = {
        **os.environ,
        "_BM_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = "import sys; sys.argv = ['bm']; from bmdsl.cli.entry import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split() == [expected]


def test_a_healthy_installation_is_told_so(bm: Bm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("BMDSL_CACHE", str(tmp_path))
    done = bm("doctor", "--quick", "--json")
    found = json.loads(done.stdout)
    assert found["facts"]["bmdsl"].startswith(bmdsl.__version__)
    assert {"Python", "packages", "processor", "threads", "BLAS"} <= set(found["facts"])
    assert (done.returncode == 0) == found["ok"] == (not found["problems"])


def test_what_is_wrong_is_said_with_what_helps(
    bm: Bm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("BMDSL_CACHE", str(tmp_path))
    monkeypatch.setenv("BMDSL_DATA", "/no/such/folder")
    done = bm("doctor", "--quick")
    assert done.returncode == 1 and "data folder: BMDSL_DATA names no folder" in done.stdout


def test_it_tells_what_matrix_tiles_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BMDSL_TILES", "som")
    told = {x.name: x for x in doctor.facts()}["matrix tiles"]
    assert told.value and told.minds == "BMDSL_TILES is `som`: all, states, off are what it may be"


def test_a_slow_machine_is_minded():
    assert doctor.Timing(1.0, 0.9).fact().minds == ""
    assert "slower than expected" in doctor.Timing(4.0, 1.0).fact().minds
