"""Machines and runs come back as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from tests.cli.command import Bm

TEXT = """model m(D) { visible v[D] : binary  hidden h[2] : binary  param W, a
  energy = - W[i,j] v[i] h[j] - a v[i]
  train { optimizer adam  batch 10  epochs 2 } }"""


def test_a_parameter_that_is_one_number_comes_back(tmp_path: Path) -> None:
    data = (np.random.default_rng(0).random((40, 4)) < 0.3).astype("float32")
    model = bmdsl.parse(TEXT)
    machine = model.bind(D=4).compile(seed=0)
    machine.train(data, out=tmp_path / "run")
    again = bmdsl.open(tmp_path / "run")
    assert again.params["a"].shape == ()
    np.testing.assert_array_equal(again.free_energy(v=data), machine.free_energy(v=data))
    machine.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(
        bmdsl.open(tmp_path / "m.safetensors").params["a"], machine.params["a"]
    )


def test_a_run_with_such_a_parameter_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    np.save(tmp_path / "x.npy", (np.random.default_rng(0).random((40, 4)) < 0.3).astype("float32"))
    (tmp_path / "m.bm").write_text(TEXT)
    for out, epochs in (("whole", 4), ("part", 2)):
        assert (
            bm("train", "m.bm", "x.npy", "--out", out, "--set", f"train.epochs={epochs}").returncode
            == 0
        )
    done = bm("resume", "part", "--set", "train.epochs=4")
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(
        bmdsl.open(tmp_path / "part").params["a"], bmdsl.open(tmp_path / "whole").params["a"]
    )
