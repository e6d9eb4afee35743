"""A complex array is refused: its imaginary part used to be dropped."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_complex_arrays_are_refused() -> None:
    m = bmdsl.parse("model m { visible v[2] : gaussian  param b  energy = - b[i] v[i] }").compile(
        backend="reference"
    )
    x = np.array([[1 + 1j, 2]])
    for enter in (
        lambda: m.energy(v=x),
        lambda: m.params.__setitem__("b", x[0]),
        lambda: m.train(x, updates=1),
    ):
        with pytest.raises(bmdsl.BmError, match="BM770.*complex128"):
            enter()
