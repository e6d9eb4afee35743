"""A text past its limits is refused at once, and what is printed of one is no more than a line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import bmdsl
from bmdsl.language import limits
from bmdsl.language.diagnostics import BmError, Diagnostic
from bmdsl.language.source import Source, Span
from tests.reliability import fuzz_texts
from tests.reliability.study import SOUND, judged

NUMBERS = "+".join(f"{k}" for k in range(1, 400))
MODEL = "model m {{ visible v[9] : binary\n param b\n energy = - b[i] v[i] {} }}"
DEEP = {
    "parentheses": MODEL.format("- " + "(" * 330 + "v[0]" + ")" * 330),
    "signs": MODEL.format("- " + "(-" * 230 + "v[0]" + ")" * 230),
    "powers": MODEL.format("- " + "(" * 210 + "v[0]" + ")^2" * 210),
    "sum": MODEL.format("- (" + " + ".join(f"{k} v[{k % 9}]" for k in range(300)) + ")"),
    "product": MODEL.format("- " + "1.5 * " * 300 + "v[0]"),
    "calls": MODEL.format("- " + "exp(" * 300 + "v[0]" + ")" * 300),
    "subscript": MODEL.format(f"- v[{NUMBERS}]"),
    "argument": f"model m(N = {NUMBERS}) {{ visible v[N] : binary\n energy = - v[i] }}",
    "settings": MODEL.format("train { penalty " + "a(" * 300 + "1" + ")" * 300 + " }"),
}
LARGE = {
    "BM972": "# x\n" * 10 + "model m { " + "visible v : binary\n" * 30_000,
    "BM973": MODEL.format("") + "\nmodel " + "x" * 300 + " { visible v : binary\n energy = - v }",
    "BM974": "model m { " + "".join(f"visible v{k} : binary\n" for k in range(2100)) + "}",
}


def refused(code: str, text: str) -> str:
    start = time.perf_counter()
    with pytest.raises(BmError) as error:
        bmdsl.parse(text)
    assert time.perf_counter() - start < 5
    assert error.value.diagnostics[0].code == code, error.value
    assert len(str(error.value)) < 20_000
    span = error.value.diagnostics[0].span
    assert span is None or span.start > 0 or code != "BM323"  # 0: where Python's own limit is met
    return str(error.value)


@pytest.mark.parametrize("kind", DEEP)
def test_a_text_nested_too_deeply_is_told_with_its_place(kind: str) -> None:
    assert "several terms" in refused("BM323", DEEP[kind])


def test_a_text_at_the_limit_of_depth_goes_through_every_stage() -> None:
    n = limits.MAX_DEPTH - 20
    for term in (
        "- " + "(" * n + "v[0]" + ")" * n,
        "- (" + " + ".join(f"v[{k % 9}]" for k in range(n)) + ")",
        "- " + "1.01 * " * n + "v[0]",
        "- " + "(-" * (n // 2) + "v[0]" + ")" * (n // 2),
    ):
        assert fuzz_texts.examine(MODEL.format(term), explained=True) == "fine"


@pytest.mark.parametrize("code", LARGE)
def test_a_text_past_a_limit_is_refused_at_once(code: str) -> None:
    refused(code, LARGE[code])


def test_a_quoted_text_has_a_length() -> None:
    refused("BM973", MODEL.format("") + f'\nimport "{"x" * 2000}"')


@pytest.mark.parametrize("statement", ['graph G = "{}"', 'param W init "{}"'])
def test_a_path_that_no_file_can_have_is_a_missing_file(statement: str) -> None:
    text = MODEL.replace("param b", "param b\n " + statement.format("x" * 900))
    with pytest.raises(BmError, match="BM609|BM211"):
        bmdsl.parse(text.format(""))
    with pytest.raises(BmError, match="BM603"):
        bmdsl.parse(f'import "{"x" * 900}"\n' + MODEL.format(""))


def test_doubled_imports_are_read_once(tmp_path: Path) -> None:
    for k in range(40):
        lines = f'import "a{k + 1}.bm"\nimport "./a{k + 1}.bm"\n' if k < 39 else ""
        text = f"{lines}model m{k} {{ visible v : binary\n energy = - v }}\n"
        (tmp_path / f"a{k}.bm").write_text(text)
    assert bmdsl.load(tmp_path / "a0.bm").name == "m0"


@pytest.mark.parametrize(
    "graph",
    ["complete(100000)", "regular(3, 10000000)", "grid(99999, 99999)", "erdos_renyi(9999999, 1)"],
)
def test_a_graph_past_all_sizes_is_not_made(graph: str) -> None:
    text = "model m {{ visible s[9] : spin\n graph G = {}\n energy = - s[i] s[j] for <i,j> in G }}"
    refused("BM408", text.format(graph))


def test_many_terms_and_groups_take_no_quadratic_time() -> None:
    names = [f"v{k}" for k in range(400)]
    declared = "".join(f"visible {x} : binary\n param p{x}\n" for x in names)
    text = f"model m {{ {declared} energy = {' '.join(f'- p{x} {x}' for x in names)} }}"
    start = time.perf_counter()
    assert len(bmdsl.parse(text).plan.model.terms) == 400
    assert time.perf_counter() - start < 4


def test_a_long_line_is_shown_around_what_is_meant() -> None:
    text = "x" * 5000 + " HERE " + "y" * 5000
    span = Span(Source("a.bm", text), 5001, 5005)
    lines = str(BmError(Diagnostic("BM001", "m", span))).splitlines()
    assert max(map(len, lines)) < 200
    place = lines[4].index("^")
    assert lines[3][place : place + 4] == "HERE" and lines[4].count("^") == 4


def test_hundreds_of_diagnostics_are_counted() -> None:
    text = str(BmError(*(Diagnostic("BM001", f"number {k}") for k in range(100))))
    assert "number 19" in text and "number 20" not in text and text.endswith("and 80 more")


def test_what_a_terminal_obeys_is_not_printed() -> None:
    text = "model m\x1b]0;owned\x07 \u202e{ visible v : binary\n energy = - v }"
    shown = refused("BM006", text)
    assert not set(shown) & {"\x1b", "\x07", "\u202e", "\x9b"} and "␛" in shown
    assert "\x1b" not in str(
        BmError(Diagnostic("BM001", "a file `\x1b[2J`", None, notes=("\x9b",)))
    )


def test_mutated_texts_are_models_or_diagnostics() -> None:
    """The by-hand study's first inputs."""
    cases = fuzz_texts.cases(3, few=True)
    answers = [(judged(examine, 10)[0], text) for text, examine in (next(cases) for _ in range(60))]
    assert [x for x in answers if x[0] not in SOUND] == []
