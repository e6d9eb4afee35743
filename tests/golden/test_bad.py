"""What is said of a wrong model is pinned as a whole: code, place, line, caret, sentence,
way out.
"""

from __future__ import annotations

import re

import pytest

from .bad_files import FOLDER, names, said_of


@pytest.mark.parametrize("name", names())
def test_a_wrong_model_is_told_as_pinned(name: str) -> None:
    said = said_of(name)
    assert said.startswith("error[BM")
    assert said == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_more_than_forty_diagnostics_are_pinned():
    texts = [(FOLDER / f"{n}.txt").read_text(encoding="utf-8") for n in names()]
    assert (
        len({code for text in texts for code in re.findall(r"^error\[(BM\d+)\]", text, re.M)}) > 80
    )
