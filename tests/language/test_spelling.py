"""Keyword arguments come from Python in a spelling of their own."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.language.spelling import spelled


def test_a_word_in_pythons_spelling_is_the_models() -> None:
    assert spelled("fi", ["ﬁ", "h"]) == "ﬁ" and spelled("fi", ["ﬁ", "fi"]) == "fi"
    assert spelled("K", ["K", "Ｋ"]) == "K", "two could be meant"


def test_groups_and_arguments_may_be_written_in_python() -> None:
    model = bmdsl.parse("model m(ﬁ) { visible ſ[ﬁ] : binary  param b  energy = - b[i] ſ[i] }", ﬁ=2)
    machine = model.compile(dtype="float64", backend="reference")
    machine.params["b"] = np.array([1.0, 2.0])
    assert machine.energy(ſ=np.ones((1, 2)))[0] == -3
    with pytest.raises(bmdsl.BmError, match="BM804"):
        machine.energy(f=np.ones((1, 2)))
