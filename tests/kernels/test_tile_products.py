"""Products by the processor's tiles against sums in float64."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from bmdsl.kernels import tiles
from bmdsl.kernels.products import gemm
from bmdsl.kernels.tile_products import LEAST, TILES, use_tiles

pytestmark = pytest.mark.skipif(not TILES, reason="this processor has no tiles")

SHAPES = [(64, 64, 64), (100, 500, 784), (33, 150, 65), (17, 49, 2100), (1500, 16, 33)]
"""Rows, columns and summands: whole tiles and parts of them, and more of each than are held."""
PRECISION = 2.0**-23


@numba.njit
def _product(turn_a, turn_b, factors, a, b, out):  # type: ignore[no-untyped-def]  # numba's
    m, n = out.shape
    k = a.shape[0] if turn_a else a.shape[1]
    gemm(turn_a, turn_b, m, n, k, factors, a, a.shape[1], b, b.shape[1], out, out.shape[1])


def _numbers(rows: int, columns: int, short: bool, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    states = rng.integers(-2, 3, (rows, columns))
    return (states if short else rng.normal(size=(rows, columns))).astype(np.float32)


@pytest.mark.parametrize("m, n, k", SHAPES)
@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
@pytest.mark.parametrize("short_a, short_b", [(True, True), (True, False), (False, True)])
def test_tiles_are_as_exact_as_float32(
    m: int, n: int, k: int, turn_a: bool, turn_b: bool, short_a: bool, short_b: bool
) -> None:
    assert m * n * k >= LEAST
    use_tiles()
    a = _numbers(*((k, m) if turn_a else (m, k)), short_a, 0)
    b = _numbers(*((n, k) if turn_b else (k, n)), short_b, 1)
    begun = _numbers(m, n, False, 2)
    out = begun.copy()
    _product(turn_a, turn_b, np.array([-0.3, 0.5], np.float32), a, b, out)
    left, right = (a.T if turn_a else a).astype(float), (b.T if turn_b else b).astype(float)
    scale, keep = float(np.float32(-0.3)), 0.5
    right_one = scale * (left @ right) + keep * begun
    most = abs(scale) * (abs(left) @ abs(right)) + abs(keep * begun)
    # Rounding of each of k summands' sums is independent, so that errors grow as their root.
    assert (abs(out - right_one) / most).max() < 4 * PRECISION * max(1.0, k**0.5 / 8)


def test_nothing_beyond_a_matrix_is_read_or_written() -> None:
    use_tiles()
    wide = np.full((70, 140), np.nan, np.float32)
    a, b, out = wide[:49, :83], wide[:, :0], np.full((60, 150), 7.0, np.float32)
    a[...] = _numbers(49, 83, True, 0)
    store = np.full((90, 130), np.nan, np.float32)
    b = store[:83, :101]
    b[...] = _numbers(83, 101, False, 1)
    part = out[:49, :101]
    part[...] = 0

    @numba.njit
    def product(factors, a, b, out):  # type: ignore[no-untyped-def]  # numba's
        gemm(False, False, 49, 101, 83, factors, a, 140, b, 130, out, 150)

    product(np.array([1.0, 1.0], np.float32), a, b, part)
    np.testing.assert_allclose(part, a.astype(float) @ b.astype(float), rtol=0, atol=1e-4)
    assert (out[:, 101:] == 7).all() and (out[49:] == 7).all()


def test_the_sum_of_a_floats_three_parts_is_the_float() -> None:
    x = np.concatenate([_numbers(1, 12, False, 5)[0], np.array([1e-20, -3e30, 1 / 3, 0])])
    x = np.concatenate([x, x[::-1]]).astype(np.float32)
    out = np.zeros(3 * tiles.TILE // 2, np.uint16)

    @numba.njit
    def split(x, out):  # type: ignore[no-untyped-def]  # numba's
        tiles.split_row_3(tiles.address(x), len(x), tiles.address(out))

    split(x, out)
    parts = out.reshape(3, -1)[:, :32].astype(np.uint32) << 16
    np.testing.assert_array_equal(parts.view(np.float32).astype(float).sum(0), x.astype(float))
