"""The lexer knows the words of the grammar, and loses nothing of a text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pygments.token import Error

from bmdsl.files import folder
from bmdsl.markup.lexer import DECLARATIONS, INSIDE, ROLES, BmLexer

MODELS = sorted(folder("models").glob("*.bm"))


def test_the_words_are_those_of_the_grammar():
    grammar = (folder("grammar") / "bm.lark").read_text(encoding="utf-8")
    grammar = re.sub(r"//.*", "", grammar)
    assert {*DECLARATIONS, *ROLES, *INSIDE} == set(re.findall(r'"([a-z]+)"', grammar))


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_every_text_is_covered(path: Path):
    text = path.read_text(encoding="utf-8")
    tokens = list(BmLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in tokens) == text
    assert [value for kind, value in tokens if kind is Error] == []
