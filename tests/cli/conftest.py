"""A folder with a small model and data, and `bm` in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .command import Bm

RBM = """model rbm(D, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W, b, c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { batch 10  epochs 2 }
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rbm.bm").write_text(RBM)
    (tmp_path / "wrong.bm").write_text(RBM.replace("W[i,j]", "w[i,j]"))
    data = (np.random.default_rng(0).random((40, 9)) < 0.4).astype("float32")
    np.save(tmp_path / "data.npy", data)
    return tmp_path


@pytest.fixture
def bm(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    return Bm(folder, monkeypatch, capsys)
