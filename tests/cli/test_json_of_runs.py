"""Verbs that need a run print, with `--json`, the keys that docs/json.md lists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import Bm
from tests.cli.test_json import CASES, ROWS

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
    ("`bm verify`", "verify lattice.bm"),
    ("`bm train`, `bm resume`", "train tiny.bm --out one"),
    ("`bm train`, `bm resume`", "resume one --set train.epochs=2"),
    ("`bm tune`", "tune tiny.bm -G H=1,2 --out grid --jobs 1"),
    ("`bm runs`", "runs ."),
    ("`bm watch`", "watch one"),
    ("`bm compare`", "compare one grid/H=1"),
    ("`bm check`, a run", "check one"),
    ("`bm eval`", "eval one"),
    ("`bm eval --likelihood`", "eval one --likelihood"),
    ("`bm eval --rank`", "eval one --rank 2"),
    ("`bm eval --rows`", "eval one --rows rows.csv"),
    ("`bm eval --associations`", "eval one --associations pairs.csv"),
    ("`bm eval --predict`", "eval one --predict b"),
    ("`bm eval --predict`", "eval one --predict x"),
    ("`bm infer`", "infer one --out features.csv"),
    ("`bm infer --predict`", "infer one --predict b --out predicted.csv"),
    ("`bm sample`", "sample one -n 2 --steps 2"),
    ("`bm sample`", "sample lattice.bm -n 2 --steps 8 --observe energy"),
    ("`bm sample --scan`", "sample lattice.bm -n 4 --steps 8 --scan beta=0.5:1:2"),
    ("`bm ground`", "ground lattice.bm --sweeps 4"),
]
ELSEWHERE = {
    "`bm data describe` of shards",
    "`bm units --check`",
    "`bm export`",
    "`bm report`",
    "`bm eval --probe`",
    "`bm train`, `bm resume`, a stack",
}
"""Rows whose verbs have tests of their own for what they print."""


def test_verbs_of_runs_print_the_keys_that_are_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.bm").write_text(MODEL)
    (tmp_path / "lattice.bm").write_text(LATTICE)
    rows = [f"{k},{'yes' if k % 3 else 'no'},{k % 2},{k % 7 + 0.5}" for k in range(40)]
    (tmp_path / "table.csv").write_text("\n".join(["id,b,c,x", *rows]) + "\n")
    bm = Bm(tmp_path, monkeypatch, capsys)
    wrong = []
    for row, words in TURNS:
        done = bm(*words.split(), "--json")
        try:
            found = json.loads(done.stdout)
        except ValueError:
            wrong.append(f"{words}: no JSON, {done.stderr[:200]}")
            continue
        is_array, keys, sometimes = ROWS[row]
        if "those of" in sometimes or not keys or row in ("`bm watch`", "`bm compare`"):
            keys, sometimes = keys | ROWS["`bm runs`"][1], ""
        if isinstance(found, list) != is_array or not found:
            wrong.append(f"{words}: {type(found).__name__}")
        for one in found if is_array else [found]:
            allowed = keys | set(re.findall(r"`(\w+)`", sometimes))
            if lacking := keys - set(one):
                wrong.append(f"{words}: lacks {sorted(lacking)}")
            if more := set(one) - allowed:
                wrong.append(f"{words}: has {sorted(more)} too")
    assert wrong == []


def test_every_row_is_tried() -> None:
    assert {row for row, *_ in CASES} | {row for row, _ in TURNS} | ELSEWHERE == set(ROWS)
