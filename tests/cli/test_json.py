"""Every verb prints one JSON document with `--json`, with the keys that docs/json.md lists."""

from __future__ import annotations

import inspect
import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.command import Bm
from tests.docs.verb_pages import modules, name_of

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
ROWS = {
    row[0]: (row[1].startswith("an array"), set(re.findall(r"`(\w+)`", row[2])), row[3])
    for line in re.findall(r"^\| (`bm .*) \|$", PAGE, re.M)
    if (row := [cell.strip() for cell in line.split("|")])
}
MODEL = "model tiny {\n  visible v[3]: binary\n  param b\n  energy = - b[i] v[i]\n}\n"
CASES = [
    ("`bm new`", "new mine --like rbm", 0),
    ("`bm new`", "new survey --from table.csv", 0),
    ("`bm check`, one file", "check rbm", 0),
    ("`bm check`, one file", "check wrong.bm", 1),
    ("`bm check`, several files", "check rbm wrong.bm", 1),
    ("`bm fmt`, files", "fmt tiny.bm", 0),
    ("`bm fmt`, files", "fmt tiny.bm --diff", 1),
    ("`bm fmt`, standard input", "fmt - --check", 1),
    ("`bm expand`", "expand dbm", 0),
    ("`bm explain`", "explain tiny.bm", 0),
    ("`bm explain`", "explain tiny.bm --latex", 0),
    ("`bm plan`", "plan tiny.bm", 0),
    ("`bm graph`", "graph tiny.bm", 0),
    ("`bm graph`", "graph tiny.bm --level units", 0),
    ("`bm graph --out`", "graph tiny.bm --out a.dot --out b.graphml", 0),
    ("`bm emit`", "emit tree tiny.bm", 0),
    ("`bm data`", "data", 0),
    ("`bm data describe`", "data describe table.csv", 0),
    ("`bm units`", "units", 0),
    ("`bm doctor`", "doctor --quick", None),
]


@pytest.fixture
def bm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    (tmp_path / "tiny.bm").write_text(MODEL)
    (tmp_path / "wrong.bm").write_text(MODEL.replace("binary", "binray"))
    (tmp_path / "table.csv").write_text("id,a,b\n1,yes,0.5\n2,no,1.5\n3,yes,2.25\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(MODEL))
    return Bm(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(("row", "words", "status"), CASES, ids=[c[1] for c in CASES])
def test_a_verb_prints_the_keys_that_are_documented(bm: Bm, row: str, words: str, status: int):
    done = bm(*words.split(), "--json")
    assert status is None or done.returncode == status, done.stderr
    is_array, keys, sometimes = ROWS[row]
    found = json.loads(done.stdout)
    assert isinstance(found, list) == is_array
    for one in found if is_array else [found]:
        assert keys <= set(one) <= keys | set(re.findall(r"`(\w+)`", sometimes))


def test_every_verb_that_prints_has_json_and_a_row():
    verbs = {name_of(m): m.run for m in modules()}
    with_json = {n for n, run in verbs.items() if "as_json" in inspect.signature(run).parameters}
    assert with_json == set(verbs) - {"lsp"}
    assert with_json == {name for row in ROWS for name in re.findall(r"`bm (\w+)", row)}


def test_files_are_changed_as_without_json(bm: Bm):
    assert json.loads(bm("fmt", "tiny.bm", "--check", "--json").stdout)["changed"] == ["tiny.bm"]
    assert (bm.folder / "tiny.bm").read_text() == MODEL
    bm("fmt", "tiny.bm", "--json")
    assert json.loads(bm("fmt", "tiny.bm", "--json").stdout)["changed"] == []
    made = json.loads(bm("expand", "tiny.bm", "--json").stdout)["text"]
    assert made == (bm.folder / "tiny.bm").read_text() == bm("expand", "tiny.bm").stdout


def test_verbs_that_write_a_file_of_a_run_name_it(bm: Bm, monkeypatch: pytest.MonkeyPatch):
    place = bm.folder / "made"
    monkeypatch.setattr("bmdsl.tasks.report.write_report", lambda *_: place)
    monkeypatch.setattr("bmdsl.runs.opening.open_run", lambda _: SimpleNamespace(machine=None))
    monkeypatch.setattr("bmdsl.tasks.export.export", lambda *_: place)
    for verb in ("report", "export"):
        done = bm(verb, "run", "--json")
        found = json.loads(done.stdout)
        assert found["out"] == str(place) and set(found) == ROWS[f"`bm {verb}`"][1]
        assert bm(verb, "run").stdout == f"{place}\n"
