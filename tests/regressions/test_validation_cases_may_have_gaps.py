"""`validate` with a gap in every case was refused, and others were left out without a word."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_one_pair_of_units_is_judged_by_what_was_seen() -> None:
    """log P(v0 = 1) of a model that is at its start: each unit is 1 with probability 1/2."""
    text = "model m { visible v[2] : binary  param b  energy = - b[i] v[i] }"
    m = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    v = np.tile([1.0, np.nan], (8, 1))
    settings = {"positive": "meanfield", "negative": "exact", "optimizer": "sgd(rate = 1e-9)"}
    run = m.train(v, validate=0.5, epochs=1, **settings)
    assert run.best_score == pytest.approx(np.log(2), abs=1e-6)
    assert any("4 validation cases" in note for note in run.notes)
