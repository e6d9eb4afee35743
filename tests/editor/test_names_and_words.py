"""Names, hovers, completions and cures, without a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bmdsl.editor.completions import completions
from bmdsl.editor.cures import cures
from bmdsl.editor.document import Document
from bmdsl.editor.hovers import hover
from bmdsl.editor.names import renamed, thing_at, things
from bmdsl.files import folder

TEXT = """# a comment with v
model tiny(D = 4, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.01), b init logit_mean(v)
  energy = - b[i] v[i] - W[i,j] v[i] h[j]
  train { batch 20  penalty l2(W, 0.001) }
}
stack two { lower : tiny(D = 4)  upper : tiny on lower.h }
"""


def at(mark: str, inside: int = 0) -> int:
    """The place of a stretch of text that there is once."""
    assert TEXT.count(mark) == 1, mark
    return TEXT.index(mark) + inside


def uses(offset: int) -> list[str]:
    """The lines of a name's uses, cut after the name."""
    tree = Document(TEXT).tree
    assert tree is not None
    found = thing_at(tree, offset)
    assert found is not None
    return [f"{s.line}:{s.column}" for s in found.uses]


def test_a_group_is_found_in_shape_start_energy_and_declaration():
    assert uses(at("v[D]")) == ["3:11", "5:51", "6:19", "6:33"]
    assert uses(at("v)\n")) == uses(at("v[D]"))


def test_a_parameter_is_found_in_the_train_block():
    assert uses(at("W init")) == ["5:9", "6:26", "7:32"]


def test_an_argument_is_found_in_shapes_alone():
    assert uses(at("D = 4, ")) == ["2:12", "3:13"]


def test_a_group_of_a_layer_is_found_in_the_stack_above():
    assert uses(at("h[H]")) == ["4:11", "6:38", "9:56"]


def test_a_letter_lives_in_its_addend():
    assert uses(at("b[i]", 2)) == ["6:16", "6:21"]
    assert uses(at("W[i,j]", 2)) == ["6:28", "6:35"]


def test_models_and_layers_of_a_stack_are_names():
    assert uses(at("model tiny", 6)) == ["2:7", "9:21", "9:42"]
    assert uses(at("lower :")) == ["9:13", "9:50"]


@pytest.mark.parametrize("path", sorted(folder("models").glob("*.bm")), ids=lambda p: p.stem)
def test_every_name_of_a_shipped_model_is_where_it_says(path: Path):
    """A rename changes words, and each of them is the name."""
    d = Document(path.read_text(encoding="utf-8"), path)
    assert d.tree is not None and not [x for x in d.diagnostics if x.level == "error"]
    for one in things(d.tree):
        assert {s.text for s in one.uses} == {one.name}, one
        if one.kind != "letter":
            offsets = [one.declared.start, one.uses[-1].start]
            assert all(thing_at(d.tree, o) == one for o in offsets)


@pytest.mark.parametrize("path", sorted(folder("models").glob("*.bm")), ids=lambda p: p.stem)
def test_a_renamed_group_leaves_a_model_that_means_the_same(path: Path):
    """Each group under another name: the text still checks, with as many terms as before."""
    text = path.read_text(encoding="utf-8")
    d = Document(text, path)
    assert d.tree is not None
    groups = [x for x in things(d.tree) if x.kind == "group"]
    for one in groups[:3]:
        made = text
        for s, new in sorted(renamed(d.tree, one, "other"), key=lambda x: -x[0].start):
            made = made[: s.start] + new + made[s.end :]
        again = Document(made, path)
        assert not [x for x in again.diagnostics if x.level == "error"], one.name
        for name, model in d.models.items():
            assert len(again.models[name].terms) == len(model.terms)


def test_a_hover_tells_role_shape_and_the_derived_conditional():
    text = hover(Document(TEXT), at("h[H]"))
    assert text is not None and "**h[3]**: hidden, binary" in text
    assert "η_h[j] = Σ_i W[i,j] v[i]" in text and "σ(η_h[j])" in text


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("W init", "shape 4 × 3, 12 numbers, starts as `normal(0, 0.01)`"),
        ("b[i]", "starts as `logit_mean(v)`"),
        ("l2(", "penalty"),
        ("binary\n  hidden", "**binary**"),
        ("energy =", "letters that repeat"),
        ("model tiny", "visible v[4], hidden h[3]"),
        ("H = 3", "argument of `tiny`, 3"),
    ],
)
def test_a_hover_tells_what_a_word_is(mark: str, told: str):
    inside = 6 if mark == "model tiny" else 0
    assert told in str(hover(Document(TEXT), at(mark, inside)))


def test_words_of_a_text_that_does_not_parse_are_told_still():
    assert "**gaussian**" in str(hover(Document("model m { visible v : gaussian"), 25))
    assert hover(Document("model m { ??"), 11) is None


@pytest.mark.parametrize(
    ("before", "wanted", "unwanted"),
    [
        ("", {"model", "stack", "import", "language"}, {"visible"}),
        ("# a comment\n", {"model", "language"}, {"visible"}),
        ('import "other.bm"\n', {"model", "stack", "import"}, {"language"}),
        ("model m { visible v[3] : ", {"binary", "gaussian"}, {"v"}),
        ("model m { visible v[3] : bin", {"binary"}, {"v"}),
        ("model m {\n  ", {"visible", "energy", "train"}, {"batch"}),
        (
            "model m(D) {\n visible v[D] : binary\n param b, c\n energy = - ",
            {"v", "b", "c", "D"},
            {"batch"},
        ),
        ("model m { param W init ", {"normal", "logit_mean"}, {"batch"}),
        ("model m { train {\n  ", {"batch", "optimizer", "negative"}, {"visible"}),
        ("model m { train {\n  negative ", {"pcd", "cd", "exact"}, {"batch"}),
        ("model m { train {\n  negative pcd(", {"steps", "chains"}, {"cd"}),
        ("model m { train {\n  data ", {"digits"}, {"batch"}),
        ("model m { visible v : binary  # a comment ", set(), {"v", "visible"}),
    ],
)
def test_what_may_stand_here(before: str, wanted: set[str], unwanted: set[str]):
    for after in ("", "\n}"):
        labels = {c.label for c in completions(before + after, len(before))}
        assert wanted <= labels and not unwanted & labels


def test_a_cure_puts_what_was_meant_in_its_place():
    d = Document("model m { visible v[3] : binray  param b  energy = - b[i] v[i] }")
    (one,) = [cure for x in d.diagnostics for cure in cures(x)]
    assert (one.title, one.text) == ("Replace `binray` by `binary`", "binary")
    fixed = d.text[: one.span.start] + one.text + d.text[one.span.end :]
    assert not [x for x in Document(fixed).diagnostics if x.level == "error"]


def test_columns_count_as_the_protocol_counts():
    """𝛼 is two UTF-16 units, é one."""
    d = Document("# 𝛼é\nmodel é { }")
    for offset in range(len(d.text)):
        assert d.offset(*d.position(offset)) == offset
    assert d.position(d.text.index("é")) == (0, 4)


def test_every_place_of_a_broken_text_has_an_answer():
    """No cut of a text makes a hover or a completion fail."""
    for cut in range(0, len(TEXT), 7):
        d = Document(TEXT[:cut])
        assert isinstance(d.diagnostics, tuple)
        completions(d.text, cut)
        hover(d, cut)


def test_carriage_returns_are_no_columns():
    d = Document("model m {\r\n}\r\n")
    assert d.offset(0, 99) == 9 and d.offset(1, 0) == 11
    assert re.match(r"\}", d.text[d.offset(1, 0) :])
