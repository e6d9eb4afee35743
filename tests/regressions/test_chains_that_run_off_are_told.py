"""Where neither a proof nor a way down is known, chains ran to infinity in silence."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError


def test_a_given_value_that_leaves_no_precision() -> None:
    m = bmdsl.parse(
        "model m { given u : gaussian  visible x : gaussian  energy = - u x^2 }"
    ).compile(dtype="float64", backend="reference")
    drawn = m.sample(2000, steps=1, clamp={"u": np.full(2000, -1.5)})["x"]
    assert drawn.var() == pytest.approx(0.25, abs=0.05)
    with pytest.raises(BmError) as caught:
        m.sample(4, clamp={"u": np.full(4, 3.0)})
    assert caught.value.diagnostics[0].code == "BM890"


def test_an_inverse_temperature_past_the_models_own() -> None:
    m = bmdsl.parse("model m { visible x : gaussian  energy = - 0.4 x^2 }").compile(
        dtype="float64", backend="reference"
    )
    m.sample(4, beta=1.2)
    with pytest.raises(BmError) as caught:
        m.sample(4, beta=1.3)
    assert caught.value.diagnostics[0].code == "BM890"


def test_chains_that_fall_down_a_way_that_was_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the search for a way down switched off, the watch alone."""
    monkeypatch.setattr("bmdsl.runtime.rays.Rays.find", lambda self, starts, seed=0: None)
    m = bmdsl.parse(
        "model m { visible x : gaussian  visible y : gaussian  visible z : gaussian  energy = - 0.9"
        " x y z }"
    ).compile(dtype="float64", backend="reference")
    with pytest.raises(BmError) as caught:
        m.sample(50, steps=400)
    assert caught.value.diagnostics[0].code == "BM890"
    with pytest.raises(BmError):
        m.log_partition("ais", chains=50, steps=400)
