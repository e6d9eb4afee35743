"""Every verb prints one JSON document with `--json`, as its published JSON Schema says."""

from __future__ import annotations

import inspect
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from bmdsl.cli.schema import schema_of, schema_of_form, verb_of, verbs
from tests.cli.command import Bm
from tests.docs.verb_pages import modules, name_of

MODEL = "model tiny {\n  visible v[3]: binary\n  param b\n  energy = - b[i] v[i]\n}\n"
CASES = [
    ("bm new", "new mine --like rbm", 0),
    ("bm new", "new survey --from table.csv", 0),
    ("bm check, one file", "check rbm", 0),
    ("bm check, one file", "check wrong.bm", 1),
    ("bm check, several files", "check rbm wrong.bm", 1),
    ("bm fmt, files", "fmt tiny.bm", 0),
    ("bm fmt, files", "fmt tiny.bm --diff", 1),
    ("bm fmt, standard input", "fmt - --check", 1),
    ("bm expand", "expand dbm", 0),
    ("bm explain", "explain tiny.bm", 0),
    ("bm explain", "explain tiny.bm --latex", 0),
    ("bm plan", "plan tiny.bm", 0),
    ("bm graph", "graph tiny.bm", 0),
    ("bm graph", "graph tiny.bm --level units", 0),
    ("bm graph --out", "graph tiny.bm --out a.dot --out b.graphml", 0),
    ("bm emit", "emit tree tiny.bm", 0),
    ("bm data", "data", 0),
    ("bm data describe", "data describe table.csv", 0),
    ("bm data describe, shards", "data describe shards", 0),
    ("bm units", "units", 0),
    ("bm doctor", "doctor --quick", None),
]


@pytest.fixture
def bm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    (tmp_path / "tiny.bm").write_text(MODEL)
    (tmp_path / "shards").mkdir()
    for k in range(2):
        np.save(tmp_path / "shards" / f"{k}.npy", np.arange(12.0).reshape(6, 2))
    (tmp_path / "wrong.bm").write_text(MODEL.replace("binary", "binray"))
    (tmp_path / "table.csv").write_text("id,a,b\n1,yes,0.5\n2,no,1.5\n3,yes,2.25\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(MODEL))
    return Bm(tmp_path, monkeypatch, capsys)


def wrongs(form: str, text: str) -> list[str]:
    """How a verb's output differs from its form, with no key that the form does not name."""
    try:
        document = json.loads(text, parse_constant=lambda x: pytest.fail(f"{x} is no JSON"))
    except ValueError as error:
        return [f"no JSON: {error}"]
    if document == []:
        return ["an empty array says nothing of its entries"]
    closed, published = schema_of_form(form, closed=True), schema_of(verb_of(form))
    return [
        f"{error.json_path}: {error.message}"
        for schema in (closed, published)
        for error in Draft202012Validator(schema).iter_errors(document)
    ]


@pytest.mark.parametrize(("form", "words", "status"), CASES, ids=[c[1] for c in CASES])
def test_a_verb_prints_what_its_schema_says(bm: Bm, form: str, words: str, status: int | None):
    done = bm(*words.split(), "--json")
    assert status is None or done.returncode == status, done.stderr
    assert wrongs(form, done.stdout) == []


def test_every_verb_that_prints_has_json_and_a_schema():
    names = {name_of(m): m.run for m in modules()}
    with_json = {n for n, run in names.items() if "as_json" in inspect.signature(run).parameters}
    assert with_json == set(names) - {"lsp"} == set(verbs())


@pytest.mark.parametrize("verb", verbs())
def test_a_schema_is_one_of_the_draft_that_it_names(bm: Bm, verb: str):
    done = bm("--schema", verb)
    assert json.loads(done.stdout) == schema_of(verb)
    Draft202012Validator.check_schema(schema_of(verb))
    assert schema_of(verb)["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_an_unknown_verb_has_no_schema(bm: Bm):
    done = bm("--schema", "evla")
    assert done.returncode == 2 and "eval" in done.stderr


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("bm expand", {"file": "a.bm"}),
        ("bm expand", {"file": "a.bm", "text": 3}),
        ("bm expand", {"file": "a.bm", "text": "", "more": 1}),
        ("bm data", [{"name": "digits", "summary": None}]),
        ("bm ground", {"betas": [1.0]}),
        ("bm check, one file", {"ok": True, "diagnostics": [{"level": "note"}]}),
    ],
)
def test_a_document_that_differs_is_told(form: str, document: Any):
    assert wrongs(form, json.dumps(document))


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
        assert found["out"] == str(place)
        assert wrongs(f"bm {verb}", json.dumps(found)) == []
        assert bm(verb, "run").stdout == f"{place}\n"
