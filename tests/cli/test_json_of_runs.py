"""Verbs that need a run print, with `--json`, what their published JSON Schemas say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bmdsl.cli.documents.forms import FORMS
from tests.cli.command import Bm
from tests.cli.test_json import CASES, wrongs

MODEL = """model tiny(H = 2) {
  visible a[2] : binary
  visible x    : gaussian(sigma = 2)
  hidden  h[H] : binary
  layers a -- h
  layers x -- h
  data "table.csv" { a = b, c  x = x  id = id }
  train { transform(x) standardize  batch 10  epochs 1  validate 0.25 }
}
"""
LATTICE = """model lattice(L = 4, J = 0.3) {
  visible s[L] : spin
  energy = - J s[x] s[wrap(x+1)]
}
"""
TURNS = [
    ("bm verify", "verify lattice.bm"),
    ("bm train", "train tiny.bm --out one"),
    ("bm resume", "resume one --set train.epochs=2"),
    ("bm tune", "tune tiny.bm -G H=1,2 --out grid --jobs 1"),
    ("bm runs", "runs ."),
    ("bm watch", "watch one"),
    ("bm compare", "compare one grid/H=1"),
    ("bm check, a run", "check one"),
    ("bm eval", "eval one"),
    ("bm eval --likelihood", "eval one --likelihood"),
    ("bm eval --rank", "eval one --rank 2"),
    ("bm eval --rows", "eval one --rows rows.csv"),
    ("bm eval --associations", "eval one --associations pairs.csv"),
    ("bm eval --predict", "eval one --predict b"),
    ("bm eval --predict", "eval one --predict x"),
    ("bm infer", "infer one --out features.csv"),
    ("bm infer --predict", "infer one --predict b --out predicted.csv"),
    ("bm sample", "sample one -n 2 --steps 2"),
    ("bm sample", "sample lattice.bm -n 2 --steps 8 --observe energy"),
    ("bm sample --scan", "sample lattice.bm -n 4 --steps 8 --scan beta=0.5:1:2"),
    ("bm ground", "ground lattice.bm --sweeps 4"),
    ("bm eval --probe", "eval one --probe logistic --labels labels.csv"),
    ("bm train, a stack", "train stack.bm bits.npy --out stack"),
    ("bm resume, a stack", "resume stack"),
    ("bm sample", "sample stack -n 2 --steps 2"),
    ("bm units --check", "units --check binary"),
]
STACK = """model rbm(D, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  layers v -- h
  train { batch 10  epochs 1 }
}
stack two {
  low  : rbm(D = 2)
  high : rbm(H = 2) on low.h
  train { greedily }
}
"""
MOCKED = {"bm export", "bm report"}
"""Forms of verbs that test_json.py calls with their work left out."""


def test_verbs_of_runs_print_the_keys_that_are_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.bm").write_text(MODEL)
    (tmp_path / "lattice.bm").write_text(LATTICE)
    (tmp_path / "stack.bm").write_text(STACK)
    np.savetxt(tmp_path / "labels.csv", np.arange(40) % 2, fmt="%d")
    np.save(tmp_path / "bits.npy", np.arange(40).reshape(20, 2) % 3 == 0)
    rows = [f"{k},{'yes' if k % 3 else 'no'},{k % 2},{k % 7 + 0.5}" for k in range(40)]
    (tmp_path / "table.csv").write_text("\n".join(["id,b,c,x", *rows]) + "\n")
    bm = Bm(tmp_path, monkeypatch, capsys)
    wrong = []
    for form, words in TURNS:
        done = bm(*words.split(), "--json")
        wrong += [f"{words}: {x} {done.stderr[:200]}" for x in wrongs(form, done.stdout)]
    assert wrong == []


def test_every_form_is_tried() -> None:
    assert {form for form, *_ in CASES} | {form for form, _ in TURNS} | MOCKED == set(FORMS)
