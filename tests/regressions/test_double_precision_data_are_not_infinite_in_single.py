"""Data beyond the range of single precision used to become infinite in a machine of it."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_data_that_the_machine_cannot_hold_are_refused() -> None:
    model = bmdsl.parse(
        "model m { visible v[2] : gaussian  param b  energy = - b[i] v[i]  train { batch 2 } }"
    )
    x = np.array([[0.0, 1], [1e39, 2]])
    for enter in (lambda m: m.train(x, updates=1), lambda m: m.energy(v=x)):
        with pytest.raises(bmdsl.BmError, match=r"BM772.*`v`.*1e\+39 at \[1, 0\].*float32"):
            enter(model.compile(backend="reference"))
    assert np.isfinite(model.compile(backend="reference", dtype="float64").energy(v=x)).all()
