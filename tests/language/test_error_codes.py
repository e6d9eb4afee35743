"""docs/errors.md lists every code that can be raised, each once, with an example and a cure."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| (BM\d{3}) \| (.*) \|$", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), re.M
)


def raised() -> set[str]:
    return {
        code
        for p in (ROOT / "bmdsl").rglob("*.py")
        for code in re.findall(r'"(BM\d{3})"', p.read_text(encoding="utf-8"))
    }


def test_the_codes_in_the_source_are_those_in_the_documentation():
    assert {code for code, _ in ROWS} == raised()
    assert len(ROWS) == len({code for code, _ in ROWS})


def test_every_code_has_a_meaning_an_example_and_a_cure():
    for code, rest in ROWS:
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", rest)]
        assert len(cells) == 3 and all(cells), code


def test_errors_and_warnings_survive_the_way_to_another_process() -> None:
    import copy

    from bmdsl.language.diagnostics import BmError, BmWarning, Diagnostic

    for made in (
        BmError(Diagnostic("BM001", "one"), Diagnostic("BM002", "two")),
        BmWarning(Diagnostic("BM003", "three", level="warning")),
    ):
        again = type(made)(*copy.copy(made.args))
        assert str(again) == str(made) and "BM00" in str(again)
