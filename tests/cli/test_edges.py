"""What `bm` says without a verb, of itself, and of the machine that it runs on."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import bmdsl
from bmdsl.cli.outcome import show_head
from bmdsl.data.table import Column, Table
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
    [
        ("bm tra", "train"),
        ("bm check gbr", "gbrbm"),
        ("bm train --lo", "--log"),
        ("bm train rbm dig", "digits"),
    ],
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


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes_at_the_first_tab(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "bm"
    code = "import sys; sys.argv[0] = 'bm'; from bmdsl.cli.entry import main; main()"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    command.chmod(0o755)
    (tmp_path / ".zshrc").write_text("PS1='> '\n")
    env = {**os.environ, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path), "TERM": "dumb"}
    env |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SHELL": shutil.which("zsh") or ""}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    asked = ["zsh", "-f", "-c", "bm --install-completion; true"]
    subprocess.run(asked, env=env, capture_output=True, check=True)
    assert (tmp_path / ".zfunc" / "_bm").is_file()
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("zsh", ["zsh", "-i"], env)
    shown = b""
    os.write(terminal, b"bm tra\t")
    end = time.monotonic() + 30
    while b"train" not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    assert b"train" in shown


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
    assert "slower than expected" in doctor.Timing(2.0, 1.0, 1.5).fact().minds


@pytest.mark.parametrize(("narrow", "wide"), [(True, True), (True, False), (False, True)])
def test_it_says_where_products_leave_blas_out(
    monkeypatch: pytest.MonkeyPatch, narrow: bool, wide: bool
):
    monkeypatch.setattr("bmdsl.kernels.blas.is_narrow", lambda: narrow)
    monkeypatch.setattr("bmdsl.kernels.register_blocks.WIDE", wide)
    monkeypatch.setattr("bmdsl.kernels.register_blocks.FUSED", True)
    told = {x.name: x for x in doctor.facts()}
    assert ("products" in told) == narrow
    assert ("half empty" in told["products"].value if narrow else wide) == wide


def test_a_long_cell_of_a_table_shows_that_it_is_cut(capsys: pytest.CaptureFixture[str]):
    columns = (Column("mood", ("Strongly agree", "Neutral")),)
    show_head(Table(columns))
    assert capsys.readouterr().out.split() == ["mood", "Strongly", "ag…", "Neutral"]


def test_an_extra_is_there_if_all_its_packages_are(monkeypatch: pytest.MonkeyPatch):
    asked = ["narwhals>=1 ; extra == 'tables'", "pyarrow>=14 ; extra == 'tables'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: asked)
    monkeypatch.setattr(doctor, "_version", lambda name: "1" if name != "pyarrow" else "")
    assert [x.value for x in doctor._extras()] == ["none", "bmdsl[tables]"]
    monkeypatch.setattr(doctor, "_version", lambda name: "1")
    assert [x.value for x in doctor._extras()] == ["tables"]


def test_it_says_that_openblas_was_told_a_processor(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bmdsl.kernels.blas.is_narrow", lambda: True)
    monkeypatch.setattr("bmdsl.kernels.register_blocks.WIDE", True)
    pool = {"internal_api": "openblas", "version": "0.3", "architecture": "Haswell"}
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert doctor._library(pool) == "openblas 0.3 for Haswell"
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert doctor._library(pool) == "openblas 0.3 for Haswell by OPENBLAS_CORETYPE"
    if told := [x.value for x in doctor.facts() if x.name == "products"]:
        assert "unset OPENBLAS_CORETYPE" in told[0]
