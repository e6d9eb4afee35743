"""Sampling a model with a given group without its value says which option gives it."""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.given import verify_given


def test_the_help_names_the_option() -> None:
    text = (
        "model m { given past[2] : binary  visible v : binary  param A  energy = - A[t] past[t] v }"
    )
    with pytest.raises(BmError, match="--given past=FILE"):
        verify_given(bmdsl.parse(text).compile(backend="reference"), {})
