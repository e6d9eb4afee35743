"""The uniform numbers of machines that compile nothing are those of the printed function."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.kernels import random
from bmdsl.schedule import philox

CHAINS = (0, 1, 31, 32, 2**32 - 1)
"""Inside of a block of chains, at both of its sides, and the last one."""


@pytest.mark.parametrize("key", [(0, 0, 0, 0), ((1 << 40) + 3, 7, 2**31 + 5, 9)])
@pytest.mark.parametrize("tile", [0, 3])
def test_numbers_are_those_of_the_printed_function(key: tuple[int, ...], tile: int) -> None:
    printed, found = np.empty(64), np.empty(64, np.float32)
    for chain in CHAINS:
        with np.errstate(over="ignore"):
            random.fill_uniforms(*map(np.uint64, key), chain, tile, printed)
        philox.fill_uniforms(*key, chain, tile, found)
        np.testing.assert_array_equal(found, printed)
    assert len(np.unique(printed)) == 64 and 0 < printed.min() and printed.max() < 1
