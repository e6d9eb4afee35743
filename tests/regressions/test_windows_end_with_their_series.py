"""No window of a series that is cut by a row of NaN has frames of both sides."""

from __future__ import annotations

import numpy as np

from bmdsl.data import windows


def test_a_gap() -> None:
    found = windows(np.array([[1.0], [2.0], [3.0], [np.nan], [7.0], [8.0], [9.0]]), 2)
    np.testing.assert_array_equal(found["past"][:, :, 0], [[1, 2], [7, 8]])
    np.testing.assert_array_equal(found["v"][:, 0], [3, 9])
