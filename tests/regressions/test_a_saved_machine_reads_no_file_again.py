"""A graph's file edited after saving used to give another machine, one deleted none."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import bmdsl

TEXT = """model m { graph G = "e.csv"  visible s[3] : spin  param J init 0.5
  energy = - J[i,j] s[i] s[j] for <i,j> in G }"""


def test_a_saved_machine_has_its_edges(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("0,1\n1,2\n")
    (tmp_path / "m.bm").write_text(TEXT)
    bmdsl.load(tmp_path / "m.bm").compile(backend="reference").save(tmp_path / "m.safetensors")
    s = np.array([[1.0, -1, -1]])
    for change in (
        lambda: (tmp_path / "e.csv").write_text("0,1\n0,2\n"),
        (tmp_path / "e.csv").unlink,
    ):
        change()
        assert bmdsl.open(tmp_path / "m.safetensors").energy(s=s) == 0.5 - 0.5
