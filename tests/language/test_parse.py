"""Text becomes a tree with spans; what is no text of the language becomes a diagnostic."""

from __future__ import annotations

import re

import pytest

from bmdsl.language.diagnostics import BmError
from bmdsl.language.expression_text import expression
from bmdsl.language.parse import parse
from bmdsl.language.source import Source
from bmdsl.language.tree import (
    EdgeRange,
    EnergyStatement,
    LetterOrder,
    ModelDefinition,
    SumOver,
    TrainBlock,
)

MODEL = """\
# a comment
model m(D, H = 2 * D) {
  graph G = ring(D)
  visible v[D] : binary   hidden z : categorical(3)   given g[2, D] : gaussian(sigma = 1)
  param W[D, 3] init normal(0, 0.01) symmetric, b init -1.5, η
  energy = - W[i,k] v[i] z[k] - U[i,j] v[i] v[j] for i < j + 0.5 η * (v[i] - b)^2
  energy += - v[pad(2*i+1)] v[wrap(i-1)] for <i,j> in G, i in 0..4 - sum[j] softplus(b
             + W[i,j] v[i])
  train { positive exact  negative pcd(steps = 1)  center on  temperature z = 20
  penalty l2(W, 1e-4), l1(W, 1)  batch 1_000 }
}
"""


def statements(text: str):  # type: ignore[no-untyped-def]
    definition = parse(Source("m.bm", text)).definitions[0]
    assert isinstance(definition, ModelDefinition)
    return definition.statements


def test_every_kind_of_statement_parses():
    energies = [s for s in statements(MODEL) if isinstance(s, EnergyStatement)]
    assert [len(e.addends) for e in energies] == [3, 2]
    assert isinstance(energies[0].addends[1].clauses[0], LetterOrder)
    assert isinstance(energies[1].addends[0].clauses[0], EdgeRange)
    assert isinstance(energies[1].addends[1].expression, SumOver)
    assert energies[0].addends[1].sign == "-" and energies[0].addends[2].sign == "+"


def test_settings_keep_targets_and_comma_lists():
    (train,) = [s for s in statements(MODEL) if isinstance(s, TrainBlock)]
    assert [s.name.text for s in train.settings] == [
        "positive",
        "negative",
        "center",
        "temperature",
        "penalty",
        "batch",
    ]
    assert train.settings[3].target is not None and train.settings[3].target.text == "z"
    assert len(train.settings[4].values) == 2


def test_comments_are_kept_with_their_place():
    (comment,) = parse(Source("m.bm", MODEL)).comments
    assert comment.text == "# a comment" and comment.span.line == 1


def error(text: str) -> str:
    with pytest.raises(BmError) as caught:
        parse(Source("m.bm", text))
    return str(caught.value)


def test_a_power_written_with_stars():
    assert (
        error("model m {\n  energy = - v[i]**2\n}") == "error[BM004]: `**` is not an operator\n"
        "  --> m.bm:2:18\n"
        "  |\n"
        "2 |   energy = - v[i]**2\n"
        "  |                  ^^\n"
        "  = help: powers are written `^`: v[i]^2"
    )


def test_a_block_that_is_not_closed():
    assert (
        error("model m {\n  visible v : binary\n")
        == "error[BM007]: block is not closed at end of file\n"
        "  --> m.bm:1:9\n"
        "  |\n"
        "1 | model m {\n"
        "  |         ^ opened here\n"
        "  = help: add `}`"
    )


def test_an_unknown_statement():
    assert (
        error("model m {\n  enrgy = - v[i]\n}") == "error[BM002]: unknown statement `enrgy`\n"
        "  --> m.bm:2:3\n"
        "  |\n"
        "2 |   enrgy = - v[i]\n"
        "  |   ^^^^^\n"
        "  = help: did you mean `energy`?"
    )


def test_a_bracket_that_is_not_closed():
    assert (
        error("model m {\n  param W[D, 3 init 0\n}") == "error[BM003]: `[` is never closed\n"
        "  --> m.bm:2:16\n"
        "  |\n"
        "2 |   param W[D, 3 init 0\n"
        "  |          - opened here\n"
        "  |                ^^^^ expected `,` or `]` before `init`"
    )


def test_a_prime_in_a_name():
    assert "primes are not part of names" in error("model m {\n  energy = - U[i,i'] v[i]\n}")


def test_a_missing_colon():
    assert (
        error("model m {\n  visible v[3] binary\n}")
        == "error[BM001]: expected `:` between the unit and its type\n"
        "  --> m.bm:2:16\n"
        "  |\n"
        "2 |   visible v[3] binary\n"
        "  |                ^^^^^^ unit type\n"
        "  = help: write `: binary`"
    )


def test_the_star_before_a_parenthesis_is_optional():
    with_star, without = (
        f"model m {{\n  energy = - W[i]{star} (v[i] - b[i])\n}}" for star in (" *", "")
    )
    first, second = (statements(x)[0].addends[0].expression for x in (with_star, without))
    assert expression(first, energy=True).replace(" *", "") == expression(
        second, energy=True
    ).replace(" *", "")


def test_every_statement_with_a_syntax_error_is_reported():
    text = error("""model m {
  visible v[3] binary
  hidden h[2] : binary
  param W = 3
  energy = - W[i,j] v[i h[j]
  train { batch = 3 }
}
model n { vissible v : binary }
""")
    assert re.findall(r"^error\[(BM\d+)\]", text, re.M) == [
        "BM001",
        "BM013",
        "BM003",
        "BM014",
        "BM002",
    ]
