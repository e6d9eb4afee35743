"""The mask of a masked array used to be lost: what lay under it was trained on."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_masked_arrays_are_refused() -> None:
    m = bmdsl.parse("model m { visible v[2] : binary  param b  energy = - b[i] v[i] }").compile(
        backend="reference"
    )
    x = np.ma.masked_array([[1.0, 0], [0, 1]], [[False, False], [True, False]])
    for enter in (lambda: m.train(x, updates=1), lambda: m.log_likelihood(x)):
        with pytest.raises(bmdsl.BmError, match=r"(?s)BM771.*the first at \[1, 0\].*filled"):
            enter()
    m.train(x.filled(1.0), updates=1)
