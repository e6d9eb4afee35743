"""Models with experts from text to report: they train, and everything that is asked of a run
answers.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from tests.cli.command import Bm


def test_a_product_of_student_t_is_trained_and_asked_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    sources = np.random.default_rng(0).laplace(size=(600, 9)) @ np.random.default_rng(1).normal(
        size=(9, 9)
    )
    np.save(tmp_path / "x.npy", sources.astype("float32"))
    done = bm("train", "pot", "x.npy", "--out", "run", "-D", "F=12", "--set", "train.epochs=3")
    assert done.returncode == 0, done.stderr
    for name in ("filters", "samples", "chains", "curves"):
        assert (tmp_path / "run" / f"{name}.png").exists(), name
    assert not (tmp_path / "run" / "reconstructions.png").exists()
    asked = [
        "eval run",
        "report run",
        "sample run -n 4 --steps 3",
        "plan pot",
        "explain pot",
        "eval run --rank 3",
    ]
    for words in (line.split() for line in asked):
        done = bm(*words)
        assert done.returncode == 0, (words, done.stderr)
    for words in (
        ("infer", "run", "--denoise"),
        ("train", "pot", "x.npy", "--set", "train.validate=0.2"),
    ):
        done = bm(*words)
        assert done.returncode == 1 and "error[BM" in done.stderr, (words, done.stderr)


def test_independent_sources_are_found_again() -> None:
    """Noise-free independent components are experts of their own directions (the lecture: a
    connection to ICA).
    """
    mixing = np.array([[1.0, 0.6], [-0.3, 1.0]])
    x = (np.random.default_rng(0).laplace(size=(4000, 2)) @ mixing.T).astype("float32")
    machine = bmdsl.load("pot", D=2, F=2).compile(seed=1)
    machine.train(
        x,
        transform="standardize",
        epochs=30,
        batch=200,
        optimizer="adam(rate = 0.02)",
        schedule="constant",
    )
    found = machine.params["W"].T / np.linalg.norm(machine.params["W"].T, axis=1, keepdims=True)
    wanted = np.linalg.inv(mixing)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert (np.abs(found @ wanted.T).max(axis=0) > 0.98).all(), json.dumps(
        np.abs(found @ wanted.T).tolist()
    )
