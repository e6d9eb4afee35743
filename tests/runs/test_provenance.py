"""A run knows the data that it was trained on by their SHA-256: moved ones are found, changed ones
are told.
"""

from __future__ import annotations

import hashlib
import shutil
import warnings

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError, BmWarning
from bmdsl.runs.provenance import recorded
from bmdsl.tasks.eval import evaluate
from bmdsl.tasks.resume import resume
from bmdsl.tasks.train import fit
from tests.cli.command import Bm

TEXT = """model m(D = 4, H = 2) {
  visible v[D] : binary   hidden h[H] : binary
  param W init normal(0, 0.1)   param b init logit_mean(v)   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative exact  optimizer sgd(rate = 0.1)  batch 7  epochs 2 }
}"""
X = (np.random.default_rng(0).random((20, 4)) < 0.4).astype(np.float32)
W = np.random.default_rng(1).integers(0, 3, 20).astype(float)


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "x.npy", X)
    return tmp_path / "x.npy"


def whole(data=X, epochs: int = 4, weights=None) -> np.ndarray:
    machine = bmdsl.parse(TEXT).compile()
    machine.train(data, epochs=epochs, weights=weights)
    return machine.params["W"]


def begin(data, out, weights=None):
    model = bmdsl.parse(TEXT)
    fit(model, model.compile(), str(data) if hasattr(data, "suffix") else data, out, weights)
    return out


def test_the_sha256_is_that_of_the_file(file, tmp_path):
    facts = recorded(begin(file, tmp_path / "run"))
    assert facts["data_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("first", ["file", "array"])
@pytest.mark.parametrize("then", ["file", "array", "moved"])
def test_a_run_goes_on_with_the_same_cases_wherever_they_are(file, tmp_path, first, then):
    run = begin(file if first == "file" else X, tmp_path / "run")
    moved = tmp_path / "elsewhere" / "y.npy"
    moved.parent.mkdir()
    if then == "moved":
        shutil.move(file, moved)
    with warnings.catch_warnings():
        warnings.simplefilter("error", BmWarning)
        if then == "array":
            bmdsl.open(run).train(X, out=run, resume=True, epochs=4)
        else:
            resume(run, {"epochs": 4}, str(file if then == "file" else moved))
    np.testing.assert_array_equal(bmdsl.open(run).params["W"], whole())


def test_a_file_that_is_gone_is_asked_for(file, tmp_path):
    run = begin(file, tmp_path / "run")
    file.unlink()
    for verb in (lambda: resume(run, {}), lambda: evaluate(run, None)):
        with pytest.raises(BmError, match=r"BM783.*x\.npy"):
            verb()


def test_a_file_that_has_changed_is_told(file, tmp_path):
    run = begin(file, tmp_path / "run")
    before = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    np.save(file, 1 - X)
    now = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    with pytest.raises(BmError, match=f"BM785.*{now}.*{before}"):
        resume(run, {"epochs": 4})
    with pytest.warns(BmWarning, match=f"BM784.*{now}.*{before}"):
        evaluate(run, None)
    with pytest.warns(BmWarning, match="BM784"):
        resume(run, {"epochs": 4}, str(file))


def test_an_array_trained_run_asks_for_its_data(tmp_path):
    run = begin(X, tmp_path / "run")
    with pytest.raises(BmError, match=r"(?s)BM912.*resume=True"):
        resume(run, {})
    with pytest.raises(BmError, match="BM912"):
        bmdsl.open(run).train(out=run, resume=True)
    with pytest.raises(BmError, match="BM757"):
        bmdsl.open(run).train(X, resume=True)


def test_other_data_are_no_matter_of_evaluation(file, tmp_path):
    run = begin(file, tmp_path / "run")
    np.save(tmp_path / "test.npy", 1 - X)
    with warnings.catch_warnings():
        warnings.simplefilter("error", BmWarning)
        assert evaluate(run, str(tmp_path / "test.npy"))[0].cases == 20


def test_weights_go_on_too(file, tmp_path):
    np.save(tmp_path / "w.npy", W)
    run = begin(file, tmp_path / "run", tmp_path / "w.npy")
    shutil.copytree(run, tmp_path / "other")
    resume(run, {"epochs": 4})
    np.testing.assert_array_equal(bmdsl.open(run).params["W"], whole(weights=W))
    (tmp_path / "w.npy").unlink()
    with pytest.raises(BmError, match="BM941"):
        resume(tmp_path / "other", {"epochs": 4})
    bmdsl.open(tmp_path / "other").train(out=tmp_path / "other", resume=True, epochs=4, weights=W)
    np.testing.assert_array_equal(bmdsl.open(tmp_path / "other").params["W"], whole(weights=W))


def test_weights_that_have_changed_are_told(file, tmp_path):
    np.save(tmp_path / "w.npy", W)
    run = begin(file, tmp_path / "run", tmp_path / "w.npy")
    np.save(tmp_path / "w.npy", W + 1)
    with pytest.raises(BmError, match="BM785"):
        resume(run, {"epochs": 4})
    with pytest.warns(BmWarning, match="BM784"):
        resume(run, {"epochs": 4}, None, tmp_path / "w.npy")


def test_the_command_line_takes_the_data(file, tmp_path, capsys, monkeypatch):
    run = begin(X, tmp_path / "run")
    assert (
        Bm(tmp_path, monkeypatch, capsys)("resume", run, file, "--set", "train.epochs=4").returncode
        == 0
    )
    np.testing.assert_array_equal(bmdsl.open(run).params["W"], whole())
