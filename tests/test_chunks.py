"""Many cases through a function of some: all of them once, in order, memory bounded."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl import chunks


@pytest.mark.parametrize("large", [0, 1 << 28])
@pytest.mark.parametrize("numbers", [1, 50, 1 << 22])
def test_results_are_those_of_all_cases_together(
    numbers: int, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "NUMBERS", numbers)
    monkeypatch.setattr(chunks, "LARGE", large)
    x = np.random.default_rng(0).normal(size=(23, 3, 4))
    sizes = []

    def twice(part: dict[str, np.ndarray]) -> np.ndarray:
        sizes.append(len(part["x"]))
        return 2 * part["x"].reshape(len(part["x"]), 12)

    found = chunks.by_chunks(twice, {"x": x})
    np.testing.assert_array_equal(found, 2 * x.reshape(23, 12))
    assert isinstance(found, np.memmap) == (large == 0)
    assert max(sizes) == min(23, max(1, numbers // 12))
