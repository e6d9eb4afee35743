"""An array as a reader found it, with what the file says about its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Reading:
    """`values` is [cases, *shape]; `states`, where known, is the size of the alphabet that state
    numbers come from.
    """

    values: np.ndarray = field(repr=False, compare=False)
    states: int | None = None
