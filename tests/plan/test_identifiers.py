"""Words of a model as words of Python: read back, never two alike, never a word that has a meaning
already.
"""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.plan.identifiers import RESERVED, function_names, identifier, scalars_of
from tests.renaming import names

WORDS = st.text(st.one_of(st.sampled_from("_u5fe9é0aAσﬁ"), st.characters()), min_size=1, max_size=8)


def read_back(word: str) -> str:
    return re.sub(r"_u([0-9a-f]+)_", lambda m: chr(int(m[1], 16)), word)


@settings(derandomize=True, database=None, deadline=None, max_examples=400)
@given(WORDS)
def test_a_word_can_be_read_back(word: str) -> None:
    assert read_back(identifier(word)) == word
    assert re.fullmatch(r"[A-Za-z0-9_]+", identifier(word))


def test_ordinary_words_stay_as_they_are() -> None:
    for word in ("v", "h1", "W_v_h1", "x2", "hidden_units", "v_up", "_", "__metadata__"):
        assert identifier(word) == word


@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@given(st.lists(names(), min_size=4, max_size=4, unique=True))
def test_no_two_functions_of_a_module_have_one_name(called: list[str]) -> None:
    a, b, c, d = called
    plan = bmdsl.parse(
        f"""model m {{ visible {a}[3] : binary  visible {b}[3] : gaussian  hidden {c}[3] : binary
      hidden {d}[3] : spin
      energy = - {a}[i] {c}[j] for i != j - {b}[i]^2 {c}[j] - {b}[i] {c}[j] - {b}[i] {d}[j]
                 - {d}[i] {d}[j] for i < j - {a}[i] {a}[wrap(i+1)] }}"""
    ).plan
    found = list(function_names(plan).values())
    assert len(set(found)) == len(found) and not set(found) & (RESERVED | scalars_of(plan))
