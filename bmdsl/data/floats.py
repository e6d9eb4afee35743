"""Numbers of any kind as floats."""

from __future__ import annotations

import numpy as np


def as_float(values: np.ndarray) -> np.ndarray:
    """float32 and float64 as they are, all else as float32, wider integers as float64 so that none
    loses digits.
    """
    if values.dtype in (np.float32, np.float64):
        return np.asarray(values)
    return np.asarray(values).astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
