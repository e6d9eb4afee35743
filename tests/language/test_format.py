"""The formatter prints what parses to the same tree, keeps every comment, and has one style."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.files import folder
from bmdsl.language import tree as t
from bmdsl.language.expression_text import TERM, expression, level
from bmdsl.language.format import format
from bmdsl.language.parse import parse
from bmdsl.language.source import Source, Span
from bmdsl.language.sugar import expand
from bmdsl.tasks.fmt import formatted

UNTIDY = """\
# top
import "a.bm"   # imp
# before m
model m(
  D,    # pixels { here
  # alone
  H = 2 * (D + 1), # features
  s = -1) { # head
  graph G = ring(D)


  visible v[D] : binary   hidden z : categorical(3)   given g[2, D] : gaussian(sigma = 1) # three

  # a param
  param W[D, 3] init normal(0, 0.01) symmetric, b init -1.5, # w b
    η
  energy = - W[i,k] v[i] z[k] - U[i,j] v[i] v[j] for i < j + 0.5 η * (v[i] - b)^2
  energy += - v[pad(2*i+1)] v[wrap(i-1)] for <i,j> in G, i in 0..(n*2) # wrapped
     # the expert
     - sum[j] softplus(b + W[i,j] v[i]) - a*(b*c)/2*d - (sum[j] b[j]) c - 2^(1+n) v[i]^2
     - a sum[i] b[i] c[i] # end
  layers v -- h1--h2  bias v,h
  train { positive exact  negative pcd(steps = 1)  center on
  temperature z = 20 penalty l2(W, 1e-4), l1(W, 1) # pen
  data "x.npy"  batch 1_000  transform(v,g) scale,standardize
  # last
  } # train over
  data "t.csv" { # table
  v = a..z , "q *" g = x, 1..9  # cells
  id=id missing = -9,"none"
  }
  # end of m
} # brace
stack norb {  # st
    front : gbrbm(D = 1024, H = 2000)
    mix:imrbm(K=100) on front.h # mm
    train{jointly}
    }
stack other { a : rbm  train { batch 10 jointly } }
    # bye
"""

TIDY = """\
# top
import "a.bm"  # imp

# before m
model m(
    D,                                     # pixels { here
    # alone
    H = 2 * (D + 1),                       # features
    s = -1
) {                                        # head
  graph G = ring(D)

  visible v[D]    : binary
  hidden  z       : categorical(3)
  given   g[2, D] : gaussian(sigma = 1)    # three

  # a param
  param W[D, 3] init normal(0, 0.01) symmetric, b init -1.5  # w b
  param η
  energy = - W[i,k] v[i] z[k] - U[i,j] v[i] v[j] for i < j + 0.5 η * (v[i] - b)^2
  energy += - v[pad(2*i+1)] v[wrap(i-1)] for <i,j> in G, i in 0..(n * 2)  # wrapped
            # the expert
            - sum[j] softplus(b + W[i,j] v[i])
            - a * (b c) / 2 * d
            - (sum[j] b[j]) c
            - 2^(1 + n) v[i]^2
            - a sum[i] b[i] c[i]           # end
  layers v -- h1 -- h2
  bias v, h
  train {
    positive        exact
    negative        pcd(steps = 1)
    center          on
    temperature     z = 20
    penalty         l2(W, 1e-4), l1(W, 1)  # pen
    data            "x.npy"
    batch           1_000
    transform(v, g) scale, standardize
    # last
  }                                        # train over
  data "t.csv" {                           # table
    v       = a..z, "q *"
    g       = x, 1..9                      # cells
    id      = id
    missing = -9, "none"
  }
  # end of m
}                                          # brace

stack norb {                         # st
  front : gbrbm(D = 1024, H = 2000)
  mix   : imrbm(K = 100) on front.h  # mm
  train { jointly }
}

stack other {
  a : rbm
  train {
    batch 10
    jointly
  }
}

# bye
"""

MODELS = sorted(folder("models").glob("*.bm"), key=lambda p: p.name)


def without_spans(x: object) -> object:
    """The tree as nested tuples, places left out."""
    if isinstance(x, tuple):
        return tuple(without_spans(y) for y in x)
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return (
            type(x).__name__,
            *(without_spans(getattr(x, f.name)) for f in dataclasses.fields(x) if f.name != "span"),
        )
    return x


def meaning(file: t.File) -> object:
    return without_spans((file.imports, file.definitions))


def read(text: str) -> t.File:
    return parse(Source("m.bm", text))


def test_one_style():
    assert format(read(UNTIDY)) == TIDY


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
@pytest.mark.parametrize("written_out", [False, True], ids=["as written", "expanded"])
def test_a_shipped_model_keeps_its_meaning_and_comments(path: Path, written_out: bool):
    file = read(path.read_text(encoding="utf-8"))
    file = expand(file) if written_out else file
    again = read(format(file))
    assert meaning(again) == meaning(file)
    assert [c.text for c in again.comments] == [c.text for c in file.comments]
    assert format(again) == format(file)


@pytest.mark.parametrize(
    "path", [p for p in MODELS if "train {" in p.read_text(encoding="utf-8")], ids=lambda p: p.stem
)
def test_shipped_models_are_formatted_with_one_setting_a_line(path: Path):
    text = format(read(path.read_text(encoding="utf-8")))
    inside = text[text.index("train {") :].splitlines()[1:]
    assert all(line == "  }" or line == "}" or line.startswith("    ") for line in inside)


NOWHERE = Span(Source("", ""), 0, 0)
NAMES = st.sampled_from("abijxyW").map(lambda n: t.Name(n, NOWHERE))
NUMBERS = st.one_of(st.integers(0, 10**6), st.floats(0, 1e300, allow_nan=False)).map(
    lambda n: t.Number(n, NOWHERE)
)


def expressions() -> st.SearchStrategy[t.Expression]:
    """Every kind of expression in every place, whether it means anything or not."""

    def grown(inner: st.SearchStrategy[t.Expression]) -> st.SearchStrategy[t.Expression]:
        several = st.lists(inner, min_size=1, max_size=2).map(tuple)
        letters = st.lists(NAMES, min_size=1, max_size=2).map(tuple)
        argument = st.builds(t.CallArgument, st.none() | NAMES, inner, st.just(NOWHERE))
        return st.one_of(
            st.builds(t.Ref, NAMES, several, st.just(NOWHERE)),
            st.builds(t.Call, NAMES, st.lists(argument, max_size=2).map(tuple), st.just(NOWHERE)),
            st.builds(t.Unary, st.sampled_from("+-"), inner, st.just(NOWHERE)),
            st.builds(t.Binary, st.sampled_from("+-*/"), inner, inner, st.just(NOWHERE)),
            st.builds(t.Power, inner, inner, st.just(NOWHERE)),
            st.builds(t.SumOver, letters, inner, st.just(NOWHERE)),
        )

    return st.recursive(
        NUMBERS | NAMES.map(lambda n: t.Ref(n, None, NOWHERE)), grown, max_leaves=12
    )


@settings(max_examples=300, deadline=None)
@given(expressions(), st.booleans())
def test_an_expression_is_read_as_it_was(made, energy):
    if energy:
        text = f"model m {{ energy = {expression(made, TERM, energy=True)} }}"
    else:
        text = f"model m(D = {expression(made)}) {{ }}"
    (definition,) = read(text).definitions
    assert isinstance(definition, t.ModelDefinition)
    statement = definition.statements[0] if energy else None
    found = (
        statement.addends[0].expression
        if isinstance(statement, t.EnergyStatement)
        else definition.arguments[0].default
    )
    assert without_spans(found) == without_spans(made), text


def test_no_parentheses_are_written_in_vain():
    text = "model m(D = a + b * c - (d - e) / f^2) { energy = - a b^2 sum[j] c[j] d[j] }"
    (definition,) = read(text).definitions
    assert isinstance(definition, t.ModelDefinition) and definition.arguments[0].default is not None
    assert expression(definition.arguments[0].default) == "a + b * c - (d - e) / f^2"
    assert level(definition.arguments[0].default) == 0


BLOCK = st.sampled_from(
    [
        "visible v : binary",
        "param a, b",
        "param c",
        "energy = - a v",
        "train { batch 1  epochs 2 }",
        "# note\n",
        "\n",
        "\n\n",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(BLOCK | st.sampled_from(["  ", "# tail\n", "# x #y\n"]), max_size=14))
def test_comments_and_lines_in_any_order_are_kept_and_stable(parts):
    file = read("model m { " + " ".join(parts) + " }")
    once = format(file)
    again = read(once)
    assert meaning(again) == meaning(file)
    assert sorted(c.text for c in again.comments) == sorted(c.text for c in file.comments)
    assert format(again) == once


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_a_shipped_model_is_as_the_formatter_writes_it(path: Path) -> None:
    assert formatted(path) is None
