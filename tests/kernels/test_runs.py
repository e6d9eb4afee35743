"""Runs of even steps are copied and added as a loop over their numbers does it."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.kernels import table
from bmdsl.kernels.convolution import SITES
from bmdsl.kernels.runs import LANES, gather, scatter
from bmdsl.plan.even_runs import even_runs
from bmdsl.schedule import builder  # noqa: F401  # fills KINDS
from bmdsl.schedule.ops import KINDS

WIDE = 45


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_runs_of_every_length_anywhere_in_an_array(dtype: str, step: int) -> None:
    """Up to the last number of both arrays; the one after it is no number of theirs."""
    rng = np.random.default_rng(step)
    for length in range(1, 4 * LANES + 3):
        size = step * (length - 1) + 1 + 2 * LANES
        ends = (0, int(rng.integers(0, 2 * LANES)), size - 1 - step * (length - 1))
        runs = np.array(
            [(row, WIDE - length if row else 0, c, length, step) for row, c in enumerate(ends)]
        )
        x, made = rng.random(size).astype(dtype), rng.random((3, WIDE)).astype(dtype)
        taken, added = made.copy(), x.copy()
        for row, site, column, _, _ in runs:
            places = column + step * np.arange(length)
            taken[row, site : site + length] = x[places]
            added[places] += made[row, site : site + length]
        into, fields = made.copy(), x.copy()
        gather(x, runs, 0, into)
        scatter(made, 0, runs, fields)
        np.testing.assert_array_equal(into, taken)
        np.testing.assert_array_equal(fields, added)


def test_runs_stand_behind_those_of_other_cases() -> None:
    """A tile has the sites of several cases side by side."""
    runs, x = np.array([(1, 2, 3, 10, 2)]), np.arange(30.0)
    into = np.zeros((2, 60))
    gather(x, runs, 40, into)
    np.testing.assert_array_equal(into[1, 42:52], x[3:23:2])
    assert np.count_nonzero(into) == 10
    fields = np.zeros(30)
    scatter(into, 40, runs, fields)
    np.testing.assert_array_equal(fields[3:23:2], x[3:23:2])
    assert np.count_nonzero(fields) == 10


@pytest.mark.parametrize("weighed", [False, True])
def test_a_filter_s_gradient_at_many_sites_is_its_meaning(weighed: bool) -> None:
    """One case fills a tile: the states that are a matrix already are used where they lie."""
    table.load_table()
    name, dtype, rng = "add_convolved_moment", np.dtype("float64"), np.random.default_rng(0)
    side = 1 + int(SITES**0.5)
    image = np.arange((2 * side + 1) ** 2).reshape(2 * side + 1, 2 * side + 1)
    windows = [
        image[p : p + 2 * side : 2, q : q + 2 * side : 2].ravel() for p, q in np.ndindex(2, 2)
    ]
    runs_x, runs_y = even_runs(np.stack(windows)), np.zeros((0, 5), np.int64)
    y, x = rng.random((3, 2 * side**2)), rng.random((3, image.size))
    w = rng.random(3) if weighed else np.zeros(0)
    found, wanted = np.ones((2, 4)), np.ones((2, 4))
    kernel = table.function(KINDS[name], table.TABLE[name], dtype, "kernel", False)
    for carry_out, out in ((kernel, found), (KINDS[name].reference, wanted)):
        carry_out(y, runs_y, x, runs_x, side**2, w, 0.5, out)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
