"""Runs that earlier versions wrote are read, drawn from and gone on with; see older/README.md."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file
from sklearn.datasets import load_digits

import bmdsl
from bmdsl.model import FORMAT
from bmdsl.report import run_pictures
from bmdsl.runs import opening
from bmdsl.runs.run_folder import read_metrics
from bmdsl.runs.storage import read_machine
from bmdsl.stacks.folder import FORMATS as STACKS
from tests.cli.command import Bm

OLDER = Path(__file__).parent / "older"
VERSIONS = sorted(p.name for p in OLDER.iterdir() if p.is_dir())
SINGLE = [f"{v}/{m}" for v in VERSIONS for m in ("tiny", "grey") if (OLDER / v / m).is_dir()]
STACKED = [f"{v}/two" for v in VERSIONS if (OLDER / v / "two").is_dir()]
NO_DATA_NOTED = "1-9a347c4"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled, and pictures, are held elsewhere; here files are read."""
    monkeypatch.setattr(run_pictures, "write_pictures", lambda subject, folder: ())
    monkeypatch.setattr(opening.made_again, "__defaults__", (bmdsl.Model, "reference"))


@pytest.fixture
def bm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    return Bm(tmp_path, monkeypatch, capsys)


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(OLDER / name, folder / "run"))


def digits() -> np.ndarray:
    return load_digits().data.astype(np.float64) / 16


def test_every_format_is_there() -> None:
    text = (OLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\d-\w+)`", text, re.M) == VERSIONS
    assert f"`{FORMAT}`" in text and all(f"`{s}`" in text for s in STACKS)
    kept = [json.loads((OLDER / x / "stack.json").read_text())["format"] for x in STACKED]
    assert list(dict.fromkeys(kept)) == list(STACKS)


def shape_of(run: Path) -> dict[str, set[str]]:
    """What stands in a run's files, by name: keys of JSON, tensors with their types and sizes; all
    checkpoints as one, as how many there are is the clock's affair.
    """
    out: dict[str, set[str]] = {}
    for path in (x for x in run.rglob("*") if x.is_file()):
        name = re.sub(r"\d+", "N", str(path.relative_to(run)))
        if path.suffix == ".safetensors":
            with safe_open(path, "numpy") as file:
                arrays = {n: file.get_tensor(n) for n in file.keys()}
                told = {f"{n} {x.dtype} {x.shape}" for n, x in arrays.items()}
                told |= set(file.metadata() or {})
        else:
            lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
            told = {key for x in lines if path.suffix != ".bm" for key in json.loads(x)}
        out[name] = out.get(name, set()) | told
    return out


def test_what_is_written_today_is_what_the_newest_of_them_has(bm: Bm, tmp_path: Path) -> None:
    """Else it is another version, whose runs belong here too."""
    kept = OLDER / VERSIONS[-1] / "tiny"
    (tmp_path / "tiny.bm").write_bytes((kept / "model.bm").read_bytes())
    done = bm("train", "tiny.bm", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert shape_of(tmp_path / "run") == shape_of(kept)


@pytest.mark.parametrize("name", SINGLE)
def test_a_machine_means_what_its_parameters_say(name: str) -> None:
    """F(v) = -b v - Σ log(1 + exp(c + v W)), with v² / 2 of Gaussian units, by hand."""
    p = load_file(OLDER / name / "params.safetensors")
    v = digits()[:5]
    field = p["c"] + v @ p["W"]
    want = -(v @ p["b"]) - np.logaddexp(0, field).sum(1)
    if name.endswith("grey"):
        want += (v**2).sum(1) / 2
    found = bmdsl.open(OLDER / name).free_energy(v=v.astype("float32"))
    np.testing.assert_allclose(found, want, rtol=1e-4)


@pytest.mark.parametrize("name", [*(n for n in SINGLE if n.endswith("tiny")), *STACKED])
def test_chains_go_on_from_the_run(name: str, bm: Bm, tmp_path: Path) -> None:
    done = bm("sample", copied(name, tmp_path), "-n", 3, "--steps", 1, "--out", "drawn.npz")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "drawn.npz")["v"].reshape(3, -1).shape == (3, 64)


@pytest.mark.parametrize(
    "name", [n for n in SINGLE if n[0] in "1356" and n.endswith("tiny") or n[0] == "1"]
)
def test_training_goes_on_from_the_run(name: str, tmp_path: Path) -> None:
    """Lines of the metrics up to the checkpoint stay; what is written is of today."""
    run = copied(name, tmp_path)
    before = read_metrics(run)
    bmdsl.open(run).train("digits", epochs=3, monitor=0, progress=False, resume=True, out=run)
    after = read_metrics(run)
    assert after[: len(before)] == before and after[-1]["update"] == before[-1]["update"] * 3 // 2
    assert not (run / "state.safetensors").exists() and (run / "checkpoints").is_dir()
    assert read_machine(run / "params.safetensors").metadata["format"] == FORMAT
    started = load_file(OLDER / name / "params.safetensors")["W"]
    if name.endswith("tiny"):  # the others keep the parameters of the best validation
        assert 0 < np.abs(bmdsl.open(run).params["W"] - started).max() < 0.2


@pytest.mark.parametrize("name", STACKED[:1] + STACKED[-1:])
def test_a_finished_stack_is_told_or_stays(name: str, bm: Bm, tmp_path: Path) -> None:
    run = copied(name, tmp_path)
    done = bm("resume", run)
    assert (done.returncode, "BM" in done.stderr) in ((0, False), (1, True)), done.stderr
    assert len(bmdsl.open_stack(run).transform(digits()[:2] > 0.5)) == 2


def test_a_run_that_notes_no_data_says_so_and_how_to_name_them(bm: Bm, tmp_path: Path) -> None:
    run = copied(f"{NO_DATA_NOTED}/tiny", tmp_path)
    for verb, way in (("resume", "name them, `bm resume"), ("eval", "`bm eval RUN DATA`")):
        refused = bm(verb, run)
        assert refused.returncode == 1 and "an early version" in refused.stderr
        assert way in refused.stderr
    told = bm("eval", run, "digits", "--json")
    assert told.returncode == 0 and json.loads(told.stdout), told.stderr


def test_they_are_listed(bm: Bm) -> None:
    listed = bm("runs", OLDER, "--json")
    assert listed.returncode == 0, listed.stderr
    states = {Path(r["folder"]).relative_to(OLDER).as_posix(): r for r in json.loads(listed.stdout)}
    assert set(states) >= set(SINGLE)
