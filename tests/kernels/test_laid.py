"""Products with a parameter that is laid out once are those with the parameter itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bmdsl.kernels import table
from bmdsl.kernels.tile_products import TILES, depth_of_part
from bmdsl.kernels.tiles import USES, use
from bmdsl.schedule import laid_ops
from bmdsl.schedule.laid_ops import LAID, layout_shape
from bmdsl.schedule.ops import KINDS

lays_out = pytest.mark.skipif(
    not TILES or use() != USES[0], reason="this processor lays nothing out"
)
SHAPES = [(70, 130, 150), (100, 784, 500), (17, 1100, 49), (49, 64, 128), (300, 33, 65)]
"""Rows, summands and columns: one thread's rows and two, whole tiles and parts of them."""
SINGLE = np.dtype("float32")


def carried_out(name: str, *given: Any, parallel: bool = False) -> None:
    table.load_table()
    table.function(KINDS[name], table.TABLE[name], SINGLE, "kernel", parallel)(*given)


def factors(rows: int, k: int, columns: int, way: str, states: bool) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(rows + k)
    x = rng.integers(0, 2, (rows, k)) if states else rng.normal(size=(rows, k))
    W = rng.normal(size=(k, columns) if way == "forward" else (columns, k))
    W *= rng.lognormal(size=(1, columns) if way == "forward" else (columns, 1))
    return x.astype("f"), W.astype("f"), rng.normal(size=(rows, columns)).astype("f")


def layout(W: np.ndarray, way: str, rows: int, parallel: bool = False) -> np.ndarray:
    columns, k = (W.shape[1], W.shape[0]) if way == "forward" else W.shape
    laid = np.full(layout_shape(columns, k), -7, np.int32)
    name = "lay_columns" if way == "forward" else "lay_rows"
    carried_out(name, W, np.empty((rows, columns), "f"), laid, parallel=parallel)
    return laid


@pytest.mark.parametrize("k", [1, 63, 64, 65, 500, 512, 513, 784, 1024, 1025, 3000])
def test_both_sides_part_summands_alike(k: int) -> None:
    assert laid_ops.depth_of_part(k) == depth_of_part(k)


@lays_out
@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("rows, k, columns", SHAPES)
def test_a_product_is_that_with_the_parameter(
    rows: int, k: int, columns: int, way: str, states: bool
) -> None:
    x, W, begun = factors(rows, k, columns, way, states)
    laid = layout(W, way, rows)
    assert (laid[:, -1] == 1).all()
    W64 = W.astype(float) if way == "forward" else W.T.astype(float)
    out, fresh = begun.copy(), np.empty_like(begun)
    spoilt = np.full_like(W, np.nan)  # what is laid out is read, not the parameter
    carried_out(f"add_{way}{LAID}", x, spoilt, laid, -0.3, out)
    carried_out(f"set_{way}{LAID}", begun, x, spoilt, laid, -0.3, fresh)
    right = begun - 0.3 * (x.astype(float) @ W64)
    lines = abs(x).max(1, keepdims=True) * abs(W64).sum(0) + abs(x).sum(1, keepdims=True) * abs(
        W64
    ).max(0)
    bound = 2.0**-23 * max(1.0, k**0.5 / 4) * (0.3 * lines + abs(begun))
    assert (abs(out - right) <= bound).all()
    np.testing.assert_array_equal(fresh, out)


@lays_out
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_threads_make_the_same_bits(way: str) -> None:
    x, W, begun = factors(100, 300, 260, way, False)
    b = begun[:1].copy()
    made = []
    for parallel in (False, True):
        laid, out = layout(W, way, 100, parallel), np.empty_like(begun)
        carried_out(f"set_{way}{LAID}", b, x, W, laid, 1.0, out, parallel=parallel)
        made.append((laid, out))
    for one, other in zip(*made, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(
        made[0][1], b + x @ (W if way == "forward" else W.T), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_few_rows_read_the_parameter_itself(way: str) -> None:
    x, W, begun = factors(3, 200, 130, way, True)
    laid = layout(W, way, 3)
    assert (laid[:, -1] == 0).all() and (laid[:, :-1] == -7).all()
    out = begun.copy()
    carried_out(f"add_{way}_of_states{LAID}", x, 0.0, W, laid, 1.0, out)
    right = begun + x @ (W if way == "forward" else W.T)
    np.testing.assert_allclose(out, right, rtol=1e-4, atol=1e-4)


@lays_out
def test_a_column_that_is_not_finite_makes_its_sums_nan() -> None:
    x, W, begun = factors(60, 200, 130, "forward", False)
    W[11, 5] = np.inf
    out = begun.copy()
    carried_out(f"add_forward{LAID}", x, W, layout(W, "forward", 60), 1.0, out)
    assert np.isnan(out[:, 5]).all() and np.isfinite(np.delete(out, 5, axis=1)).all()
