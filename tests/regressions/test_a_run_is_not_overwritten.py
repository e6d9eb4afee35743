"""A second training into a run's folder replaced the first without a word, and left its pictures
and samples there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from tests.cli.command import Bm

TEXT = """model m { visible v[4] : binary  param b  energy = - b[i] v[i]
  train { positive exact  negative exact  batch 10  epochs EPOCHS } }
"""
STALE = ("samples.png", "samples.npz", "filters.png", "report.html", "usage_v.png")


@pytest.fixture
def bm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    (tmp_path / "m.bm").write_text(TEXT.replace("EPOCHS", "2"))
    np.save(tmp_path / "x.npy", np.eye(4))
    return Bm(tmp_path, monkeypatch, capsys)


def _lines(folder: Path) -> int:
    return len((folder / "metrics.jsonl").read_text().splitlines())


def test_a_folder_with_a_run_is_refused_and_stays_as_it_is(bm: Bm) -> None:
    assert bm("train", "m.bm", "x.npy", "--out", "r").returncode == 0
    before = {p: p.read_bytes() for p in (bm.folder / "r").rglob("*") if p.is_file()}
    done = bm("train", "m.bm", "x.npy", "--out", "r", "--set", "train.epochs=1")
    assert done.returncode == 1 and "BM796" in done.stderr
    assert "bm resume r" in done.stderr and "--overwrite" in done.stderr
    after = {p: p.read_bytes() for p in (bm.folder / "r").rglob("*") if p.is_file()}
    assert after == before


def test_a_begun_run_is_one_too(bm: Bm) -> None:
    (bm.folder / "r").mkdir()
    (bm.folder / "r" / "notes.txt").write_text("mine")
    assert bm("train", "m.bm", "x.npy", "--out", "r").returncode == 0  # a folder without a run
    for path in (bm.folder / "r").glob("*.safetensors"):
        path.unlink()
    assert bm("train", "m.bm", "x.npy", "--out", "r").returncode == 1


@pytest.mark.parametrize("out", [None, "r"])
def test_nothing_stale_stays_and_nothing_of_the_users_goes(bm: Bm, out: str | None) -> None:
    words = ("train", "m.bm", "x.npy", *(() if out is None else ("--out", out, "--overwrite")))
    folder = bm.folder / (out or "runs/last")
    assert bm(*words).returncode == 0 and _lines(folder) == 2
    for name in (*STALE, "mine.png", "notes.txt"):
        (folder / name).write_text("old")
    assert bm(*words, "--set", "train.epochs=1").returncode == 0 and _lines(folder) == 1
    names = {p.name for p in folder.iterdir()}
    assert not names & set(STALE) and {"mine.png", "notes.txt", "params.safetensors"} <= names


def test_wrong_data_leave_the_earlier_run(bm: Bm) -> None:
    assert bm("train", "m.bm", "x.npy", "--out", "r").returncode == 0
    np.save(bm.folder / "wrong.npy", np.full((3, 4), 2.0))
    assert bm("train", "m.bm", "wrong.npy", "--out", "r", "--overwrite").returncode == 1
    assert bmdsl.open(bm.folder / "r").params["b"].shape == (4,)


def test_python_overwrites_when_told(tmp_path: Path) -> None:
    machine = bmdsl.parse(TEXT.replace("EPOCHS", "1")).compile(dtype="float64")
    machine.train(np.eye(4), out=tmp_path / "r")
    with pytest.raises(bmdsl.BmError, match="BM796"):
        machine.train(np.eye(4), out=tmp_path / "r")
    machine.train(np.eye(4), out=tmp_path / "r", overwrite=True, epochs=3)
    assert _lines(tmp_path / "r") == 3


def test_a_stack_of_other_layers_leaves_no_layer_of_the_one_before(tmp_path: Path) -> None:
    text = """model m(D, H) { visible v[D] : binary  hidden h[H] : binary  param W
      energy = - W[i,j] v[i] h[j]  train { positive exact  negative cd()  epochs 1 } }
    stack s { a : m(D = 4, H = 3)  b : m(D = 3, H = 2) on a.h }"""
    (tmp_path / "s.bm").write_text(text)
    (tmp_path / "t.bm").write_text(text.replace("b : m", "c : m"))
    out = tmp_path / "r"
    bmdsl.load_stack(tmp_path / "s.bm").train(np.eye(4), out)
    with pytest.raises(bmdsl.BmError, match="BM796"):
        bmdsl.load_stack(tmp_path / "t.bm").train(np.eye(4), out)
    bmdsl.load_stack(tmp_path / "t.bm").train(np.eye(4), out, overwrite=True)
    assert sorted(p.name for p in out.iterdir() if p.is_dir()) == ["a", "c"]
    (out / "stack.json").write_text('{"layers": [{"name": "../.."}]}')
    (tmp_path / "run.json").write_text("{}")
    bmdsl.load_stack(tmp_path / "t.bm").train(np.eye(4), out, overwrite=True)
    assert (tmp_path / "run.json").exists()
