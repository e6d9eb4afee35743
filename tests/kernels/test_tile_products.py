"""Products by the processor's tiles against sums in float64."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from bmdsl.kernels import tiles
from bmdsl.kernels.gemm import use_quickest
from bmdsl.kernels.lanes import address
from bmdsl.kernels.products import gemm
from bmdsl.kernels.tile_products import LEAST, TILES, by_tiles, factor

needs_tiles = pytest.mark.skipif(not TILES, reason="this processor has no tiles")

SHAPES = [(64, 64, 64), (100, 500, 784), (33, 150, 65), (17, 49, 2100), (1500, 16, 33)]
"""Rows, columns and summands: whole tiles and parts of them, and more of each than are held."""
PRECISION = 2.0**-23
FACTORS = [(True, True), (True, False), (False, True), (False, False)]
"""Whether numbers of the left factor and of the right one are whole and small."""


@numba.njit
def _by_blas_or_tiles(turn_a, turn_b, factors, a, b, out):  # type: ignore[no-untyped-def]  # numba's
    m, n = out.shape
    k = a.shape[0] if turn_a else a.shape[1]
    gemm(turn_a, turn_b, m, n, k, factors, a, a.shape[1], b, b.shape[1], out, out.shape[1])


@numba.njit
def _by_tiles(turn_a, turn_b, factors, a, b, out, m, n, k):  # type: ignore[no-untyped-def]  # numba's
    """The product of matrices that are the upper left corners of a and b, at any size."""
    left = factor(address(a), a.shape[1], not turn_a, m, k)
    right = factor(address(b), b.shape[1], turn_b, n, k)
    by_tiles(left, right, k, factors[0], factors[1], address(out), out.shape[1], False)


def _numbers(rows: int, columns: int, short: bool, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    states = rng.integers(-2, 3, (rows, columns))
    return (states if short else rng.normal(size=(rows, columns))).astype(np.float32)


def _verify(a: np.ndarray, b: np.ndarray, begun: np.ndarray, out: np.ndarray) -> None:
    """Errors of out = −0.3 · a b + 0.5 · begun; those of k summands are independent, so that they
    grow as their root. Those of a factor are parts of the greatest number of its line.
    """
    scale, keep = float(np.float32(-0.3)), 0.5
    left, right = a.astype(float), b.astype(float)
    right_one = scale * (left @ right) + keep * begun
    rows, columns = abs(left).max(1, keepdims=True), abs(right).max(0, keepdims=True)
    of_lines = rows * abs(right).sum(0) + abs(left).sum(1, keepdims=True) * columns
    most = abs(scale) * of_lines + abs(keep * begun)
    bound = PRECISION * max(1.0, a.shape[1] ** 0.5 / 4)
    assert (abs(out - right_one) <= bound * most).all()


@needs_tiles
@pytest.mark.parametrize("m, n, k", SHAPES)
@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
@pytest.mark.parametrize("short_a, short_b", FACTORS)
def test_tiles_are_as_exact_as_float32(
    m: int, n: int, k: int, turn_a: bool, turn_b: bool, short_a: bool, short_b: bool
) -> None:
    assert m * n * k >= LEAST
    use_quickest("f")
    a = _numbers(*((k, m) if turn_a else (m, k)), short_a, 0)
    b = _numbers(*((n, k) if turn_b else (k, n)), short_b, 1)
    begun = _numbers(m, n, False, 2)
    factors = np.array([-0.3, 0.5], np.float32)
    through_door, straight = begun.copy(), begun.copy()
    _by_blas_or_tiles(turn_a, turn_b, factors, a, b, through_door)
    _by_tiles(turn_a, turn_b, factors, a, b, straight, m, n, k)
    left, right = a.T if turn_a else a, b.T if turn_b else b
    for out in (through_door, straight):
        _verify(left, right, begun, out)
    if short_a or short_b:
        np.testing.assert_array_equal(through_door, straight)


@needs_tiles
def test_every_small_shape_reads_and_writes_its_own_numbers_alone() -> None:
    rng = np.random.default_rng(7)
    for case in range(300):
        m, n, k = (int(x) for x in rng.integers(1, 71, 3))
        turn_a, turn_b = (bool(x) for x in rng.integers(0, 2, 2))
        short_a, short_b = FACTORS[case % 4]
        a, b = _numbers(m, k, short_a, case), _numbers(k, n, short_b, case + 1000)
        begun = _numbers(m, n, False, case + 2000)
        room = [np.full((75, 80), np.nan, np.float32) for _ in range(3)]
        for place, x in zip(room, (a.T if turn_a else a, b.T if turn_b else b, begun), strict=True):
            place[: x.shape[0], : x.shape[1]] = x
        _by_tiles(turn_a, turn_b, np.array([-0.3, 0.5], np.float32), *room, m, n, k)
        _verify(a, b, begun, room[2][:m, :n])
        assert np.isnan(room[2][m:]).all() and np.isnan(room[2][:, n:]).all()


@needs_tiles
@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("positive", [True, False])
def test_errors_are_those_of_a_product_in_float32(short: bool, positive: bool) -> None:
    """Root mean squares of errors, beside those of the BLAS: two real factors have twice as many
    sums that are rounded.
    """
    for m, n, k in ((100, 500, 784), (40, 60, 100), (64, 64, 2000)):
        a, b = _numbers(m, k, short, 3), _numbers(k, n, False, 4)
        a, b = (abs(a), abs(b)) if positive else (a, b)
        right_one = a.astype(float) @ b.astype(float)
        out = np.zeros((m, n), np.float32)
        _by_tiles(False, False, np.array([1.0, 0.0], np.float32), a, b, out, m, n, k)
        own, blas = (((x - right_one) ** 2).mean() ** 0.5 for x in (out, a @ b))
        assert own < (1.5 if short else 2.0) * blas, (m, n, k, own / blas)


@needs_tiles
def test_what_is_not_kept_is_not_read() -> None:
    a, b = _numbers(40, 50, True, 0), _numbers(50, 60, False, 1)
    out = np.full((40, 60), np.nan, np.float32)
    _by_tiles(False, False, np.array([1.0, 0.0], np.float32), a, b, out, 40, 60, 50)
    np.testing.assert_allclose(out, a.astype(float) @ b.astype(float), rtol=0, atol=1e-4)


@needs_tiles
def test_a_row_does_not_depend_on_the_others() -> None:
    for short in (True, False):
        a, b = _numbers(200, 300, short, 0), _numbers(300, 90, False, 1)
        every = np.zeros((200, 90), np.float32)
        one = np.array([1.0, 0.0], np.float32)
        _by_tiles(False, False, one, a, b, every, 200, 90, 300)
        for first, last in ((0, 1), (7, 30), (50, 150)):
            some = np.zeros((last - first, 90), np.float32)
            _by_tiles(False, False, one, a[first:last], b, some, last - first, 90, 300)
            np.testing.assert_array_equal(some, every[first:last])


@needs_tiles
@pytest.mark.parametrize("short", [True, False])
def test_a_line_that_is_not_finite_makes_its_own_sums_nan(short: bool) -> None:
    a, b = _numbers(40, 70, short, 0), _numbers(70, 50, False, 1)
    a[3, 5], a[20, 60], b[69, 33] = np.nan, np.inf, -np.inf
    out = np.zeros((40, 50), np.float32)
    _by_tiles(False, False, np.array([1.0, 0.0], np.float32), a, b, out, 40, 50, 70)
    lost = np.zeros(out.shape, bool)
    lost[3], lost[20], lost[:, 33] = True, True, True
    np.testing.assert_array_equal(np.isnan(out), lost)
    a, b = np.nan_to_num(a, posinf=0), np.nan_to_num(b, neginf=0)
    np.testing.assert_allclose(out[~lost], (a.astype(float) @ b)[~lost], rtol=0, atol=1e-4)


@needs_tiles
def test_lines_of_all_sizes_are_as_exact_as_one_another() -> None:
    sizes = 10.0 ** np.arange(-35, 15, dtype=float)
    a, b = _numbers(50, 200, False, 0), _numbers(200, 60, False, 1)
    right_one = a.astype(float) @ b
    out = np.zeros((50, 60), np.float32)
    wide = (a * sizes[:, None]).astype(np.float32)
    _by_tiles(False, False, np.array([1.0, 0.0], np.float32), wide, b, out, 50, 60, 200)
    normal = sizes > 1e-29
    error = abs(out[normal] / sizes[normal, None] - right_one[normal]).max()
    assert error < 3e-5
    assert abs(out[~normal]).max() < 1e-25
    assert not out[0].any() or np.isfinite(out).all()


@needs_tiles
def test_digits_of_whole_numbers_are_exact_and_a_line_of_zeros_is_zero() -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(-127, 128, (33, 500)).astype(np.float32)
    b = rng.integers(-127, 128, (500, 40)).astype(np.float32)
    a[7], b[:, 9] = 0, 0
    out = np.zeros((33, 40), np.float32)
    _by_tiles(False, False, np.array([1.0, 0.0], np.float32), a, b, out, 33, 40, 500)
    np.testing.assert_array_equal(out, a @ b)
    real = _numbers(500, 40, False, 4)
    real[:, 9] = 0
    _by_tiles(False, False, np.array([1.0, 0.0], np.float32), a, real, out, 33, 40, 500)
    assert not out[7].any() and not out[:, 9].any()


def test_the_environment_says_what_goes_by_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    for word, meant in (("", "all"), ("states", "states"), ("off", "off"), ("some", "all")):
        monkeypatch.setenv(tiles.VARIABLE, word)
        assert tiles.use() == meant
        if meant == "off":
            assert not tiles.available.__wrapped__()
