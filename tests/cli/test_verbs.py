"""The command line as a user types it: results on stdout, diagnostics on stderr, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

RBM = """model rbm(D, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W, b, c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
}
"""


def bm(*arguments, cwd=None):  # type: ignore[no-untyped-def]
    code = "from bmdsl.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd)


@pytest.fixture
def folder(tmp_path):  # type: ignore[no-untyped-def]
    (tmp_path / "rbm.bm").write_text(RBM)
    (tmp_path / "wrong.bm").write_text(RBM.replace("W[i,j]", "w[i,j]"))
    np.save(tmp_path / "data.npy", (np.random.default_rng(0).random((40, 6)) < 0.4).astype("float32"))
    return tmp_path


def test_help_does_not_import_numba():
    code = "import sys, bmdsl.cli.main; assert not {'numba', 'numpy', 'matplotlib'} & set(sys.modules), sorted(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


@pytest.mark.parametrize(
    "arguments", [("check", "rbm.bm"), ("explain", "rbm.bm"), ("explain", "rbm.bm", "--latex"), ("plan", "rbm.bm"), ("emit", "python", "rbm.bm"),
                  ("emit", "model", "rbm.bm"), ("units",), ("data",)], ids=" ".join)  # fmt: skip
def test_a_verb_prints_its_result(folder, arguments):
    done = bm(*arguments, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout


def test_check_as_json(folder):
    assert json.loads(bm("check", "rbm.bm", "--json", cwd=folder).stdout)["ok"] is True
    wrong = bm("check", "wrong.bm", "--json", cwd=folder)
    assert wrong.returncode == 1 and json.loads(wrong.stdout)["diagnostics"][0]["code"] == "BM101"


def test_a_wrong_model_is_a_diagnostic_and_exit_1(folder):
    done = bm("check", "wrong.bm", cwd=folder)
    assert done.returncode == 1 and "wrong.bm:5" in done.stderr and "did you mean `W`?" in done.stderr


def test_a_missing_file_is_a_diagnostic_and_an_unknown_verb_is_usage(folder):
    assert bm("check", "missing.bm", cwd=folder).returncode == 1
    assert bm("nonsense", cwd=folder).returncode == 2


def test_train_writes_a_run_folder(folder):
    done = bm("train", "rbm.bm", "data.npy", "--out", "r1", "-D", "H=2", "--set", "train.epochs=1", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert {"model.bm", "params.safetensors", "metrics.jsonl"} <= {p.name for p in (folder / "r1").iterdir()}
