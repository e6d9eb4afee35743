"""An order of summation gives what `einsum` gives, for few arrays and for more than are
searched.
"""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.kernels.contract import follow
from bmdsl.plan.contraction import MAX_SEARCHED_ARRAYS, best_path


@pytest.mark.parametrize("count", [2, 5, MAX_SEARCHED_ARRAYS, MAX_SEARCHED_ARRAYS + 1, 13])
@pytest.mark.parametrize("seed", range(4))
def test_a_path_gives_the_sum(count: int, seed: int) -> None:
    rng = np.random.default_rng((count, seed))
    lengths = {x: int(rng.integers(1, 4)) for x in "abcdefgr"}
    arrays = [
        (
            "r",
            *(str(x) for x in rng.choice(list("abcdefg"), int(rng.integers(0, 4)), replace=False)),
        )
        for _ in range(count)
    ]
    everything = list(dict.fromkeys(x for letters in arrays for x in letters))
    out = tuple(x for x in everything if x == "r" or rng.random() < 0.3)
    values = [rng.normal(size=[lengths[x] for x in letters]) for letters in arrays]
    path = best_path(arrays, out, lengths)
    exact = np.einsum(
        ",".join("".join(x) for x in arrays) + "->" + "".join(out), *values, optimize="greedy"
    )
    np.testing.assert_allclose(follow(path, values, list(arrays), True), exact, atol=1e-9)
    assert path.numbers >= exact.size
