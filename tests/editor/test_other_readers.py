"""Annotations for machines, and the TextMate grammar."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bmdsl.markup.lexer import DECLARATIONS, INSIDE, ROLES
from tests.cli.command import Bm

EXTENSION = Path(__file__).parents[2] / "docs" / "editors" / "vscode"
WRONG = "model m {\n  visible v[3] : binray\n  energy = - b[i] v[i]\n}\n"


@pytest.fixture
def bm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    (tmp_path / "a,b.bm").write_text(WRONG)
    (tmp_path / "fine.bm").write_text(
        "model m(K = 2) {\n visible v[3] : binary\n param b\n energy = - b[i] v[i]\n}\n"
    )
    return Bm(tmp_path, monkeypatch, capsys)


def test_github_gets_a_line_a_diagnostic_of_every_file(bm: Bm):
    done = bm("check", "a,b.bm", "fine.bm", "--format", "github")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and done.stderr == "" and len(lines) == 3
    assert lines[0] == (
        "::error file=a%2Cb.bm,title=BM105,line=2,col=18,endColumn=24::unknown unit type `binray`"
        "%0Ahelp: did you mean `binary`?"
    )
    assert lines[-1].startswith("::warning file=fine.bm,title=BM950,line=1")


def test_sarif_has_results_with_places(bm: Bm):
    done = bm("check", "a,b.bm", "fine.bm", "--format", "sarif")
    found = json.loads(done.stdout)
    (run,) = found["runs"]
    assert found["version"] == "2.1.0" and done.returncode == 1
    assert [r["ruleId"] for r in run["results"]][0] == "BM105"
    assert {r["id"] for r in run["tool"]["driver"]["rules"]} == {
        r["ruleId"] for r in run["results"]
    }
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert WRONG[region["charOffset"] :][: region["charLength"]] == "binray"
    assert json.loads(bm("check", "rbm", "--format", "sarif").stdout)["runs"][0]["results"] == []


def test_json_stays_as_it_was(bm: Bm):
    one = json.loads(bm("check", "fine.bm", "--json").stdout)
    assert one == json.loads(bm("check", "fine.bm", "--format", "json").stdout) and one["ok"]


def test_the_textmate_grammar_knows_the_words_of_the_language():
    grammar = json.loads((EXTENSION / "syntaxes" / "bm.tmLanguage.json").read_text())
    found = {
        word
        for p in grammar["patterns"]
        for words in re.findall(r"^\\b\(([a-z|]+)\)", p.get("match", ""))
        for word in words.split("|")
    }
    assert found == {*DECLARATIONS, *ROLES, *INSIDE}
    for p in grammar["patterns"]:
        re.compile(p.get("match") or p["begin"])


def test_the_extension_names_files_that_there_are():
    package = json.loads((EXTENSION / "package.json").read_text())
    contributes = package["contributes"]
    files = [package["main"], contributes["languages"][0]["configuration"]]
    files += [g["path"] for g in contributes["grammars"]]
    assert all((EXTENSION / f).is_file() for f in files)
