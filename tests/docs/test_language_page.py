"""The reference of the language is held against the grammar: its examples use every rule, its text
names every word.
"""

from __future__ import annotations

import re

import pytest
from lark import Lark

from bmdsl.language.experts import EXPERTS
from bmdsl.language.graphs import KINDS
from bmdsl.language.parameters import INITIALS, MODIFIERS
from bmdsl.language.training_block import SETTINGS, STREAMING
from bmdsl.units import names as unit_types

from .test_code_blocks import ROOT, blocks

GRAMMAR = (ROOT / "grammar" / "bm.lark").read_text(encoding="utf-8")
PAGE = ROOT / "docs" / "language.md"
TEXT = PAGE.read_text(encoding="utf-8")
PASSED_ON = {"statement", "setting_value", "term", "product", "factor", "exponent", "atom", "plain"}
"""Rules that never stand in a tree: each has one child, which takes its place."""


@pytest.fixture(scope="module")
def parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=True)


def test_examples_use_every_rule_of_the_grammar(parser: Lark) -> None:
    rules = {str(rule.alias or rule.origin.name) for rule in parser.rules}
    examples = [code for kind, code in blocks(PAGE) if kind == "bm"]
    used = {str(tree.data) for code in examples for tree in parser.parse(code).iter_subtrees()}
    assert {r for r in rules if not r.startswith("_")} - used == PASSED_ON


def test_examples_use_every_keyword_and_sign(parser: Lark) -> None:
    examples = "\n".join(code for kind, code in blocks(PAGE) if kind == "bm")
    found = {str(token.type) for token in parser.lex(examples)}
    ignored = {t.name for t in parser.terminals if t.name in parser.ignore_tokens}
    assert {t.name for t in parser.terminals} - found == ignored


def test_the_page_names_every_word_of_the_language() -> None:
    shown = set(re.findall(r"\w+", " ".join(re.findall(r"```.*?```|`[^`]+`|\[\w+\]", TEXT, re.S))))
    words = {*EXPERTS, *KINDS, *INITIALS, *MODIFIERS, *SETTINGS, *STREAMING, *unit_types()}
    assert words - shown == set()
