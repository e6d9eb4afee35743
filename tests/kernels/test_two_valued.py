"""Products by tables of sums against NumPy's products, for any shape, and when they stand aside for
BLAS.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.kernels import products, table, two_valued
from bmdsl.kernels.two_valued import WIDE, WORD, pack_columns, pack_rows, tile
from bmdsl.schedule.ops import KINDS as OPS

table.load_table()
WIDTHS = st.integers(two_valued.LANES, 90)
DEPTHS = st.integers(two_valued.WORD, 100)
ROWS = st.integers(two_valued.FEWEST, 60)
VALUES = st.sampled_from([(0, 1), (-1, 1)])
KINDS = st.sampled_from(["float32", "float64"])


@numba.njit
def low_of(x):  # type: ignore[no-untyped-def]
    return x.dtype.type(-1 if (x[0] == -1).any() else 0)


@numba.njit
def multiply(words, w, flip, out, scale, low):  # type: ignore[no-untyped-def]
    for lo in range(0, out.shape[1], WIDE):
        hi = min(out.shape[1], lo + WIDE)
        tile(words, w, flip, out, lo, hi, scale, low, out.dtype.type(1))


@numba.njit
def multiply_rows(x, w, flip, out, scale):  # type: ignore[no-untyped-def]
    """out += scale · x op(w) as kernels do it where tables are worth writing; False where x has a
    third value.
    """
    words = np.empty(((x.shape[1] + WORD - 1) // WORD, x.shape[0]), np.uint32)
    if not pack_rows(x, words, low_of(x), x.dtype.type(1)):
        return False
    multiply(words, w, flip, out, scale, low_of(x))
    return True


@numba.njit
def multiply_columns(x, y, out, scale):  # type: ignore[no-untyped-def]
    """out += scale · xᵀ y in the same way."""
    words = np.empty(((x.shape[0] + WORD - 1) // WORD, x.shape[1]), np.uint32)
    if not pack_columns(x, words, low_of(x), x.dtype.type(1)):
        return False
    multiply(words, y, False, out, scale, low_of(x))
    return True


def states(shape, values, kind, seed=0):  # type: ignore[no-untyped-def]
    return np.random.default_rng(seed).choice(np.array(values, kind), shape)


def close(a, b):  # type: ignore[no-untyped-def]
    np.testing.assert_allclose(a, b, atol=1e-4 if a.dtype == np.float32 else 1e-11)


@settings(deadline=None)
@given(rows=ROWS, depth=DEPTHS, width=WIDTHS, values=VALUES, kind=KINDS, flip=st.booleans())
def test_rows_of_states_times_a_matrix(rows, depth, width, values, kind, flip):
    x = states((rows, depth), values, kind)
    w = (
        np.random.default_rng(1)
        .standard_normal((width, depth) if flip else (depth, width))
        .astype(kind)
    )
    out = np.ones((rows, width), kind)
    assert multiply_rows(x, w, flip, out, out.dtype.type(0.5))
    close(out, 1 + 0.5 * (x @ (w.T if flip else w)))


@settings(deadline=None)
@given(cases=DEPTHS, rows=ROWS, width=WIDTHS, values=VALUES, kind=KINDS)
def test_the_moment_of_states_with_anything(cases, rows, width, values, kind):
    x = states((cases, rows), values, kind)
    y = np.random.default_rng(1).standard_normal((cases, width)).astype(kind)
    out = np.ones((rows, width), kind)
    assert multiply_columns(x, y, out, out.dtype.type(-2))
    close(out, 1 - 2 * (x.T @ y))


@pytest.mark.parametrize("third", [0.5, -1, 2, np.nan, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (17, 38), (39, 69)])
def test_a_third_value_anywhere_is_seen_and_nothing_is_written(third, place):
    x = states((40, 70), (0, 1), "float32")
    x[0, 1] = 0
    x[place] = third
    if third == -1:
        x[0, 2] = 0
    out = np.zeros((40, 20), "f4")
    assert not multiply_rows(x, np.ones((70, 20), "f4"), False, out, np.float32(1))
    assert not out.any()
    out = np.zeros((70, 20), "f4")
    assert not multiply_columns(x, np.ones((40, 20), "f4"), out, np.float32(1))
    assert not out.any()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("cases", [two_valued.BLOCK, 2 * two_valued.BLOCK + 37])
def test_many_cases_are_summed_block_after_block(cases, flip):
    x = states((cases, 100), (-1, 1), "float32")
    w = np.random.default_rng(1).standard_normal((70, 100) if flip else (100, 70)).astype("f4")
    out = np.ones((cases, 70), "f4")
    assert multiply_rows(x, w, flip, out, np.float32(2))
    close(out, 1 + 2 * (x @ (w.T if flip else w)))
    x[-1, -1] = 0
    before = out.copy()
    assert not multiply_rows(x, w, flip, out, np.float32(2))
    np.testing.assert_array_equal(out, before)


def test_products_of_few_rows_are_left_to_blas():
    x = states((two_valued.FEWEST - 1, 300), (0, 1), "float32")
    w = np.random.default_rng(1).standard_normal((300, 410)).astype("f4")
    outs = [np.zeros((len(x), 410), "f4") for _ in range(2)]
    for name, operands, out in zip(
        ("add_forward", "add_forward_of_states"),
        ((x, w), (x, np.float32(0), w)),
        outs,
        strict=True,
    ):
        kernel = table.function(OPS[name], table.TABLE[name], np.dtype("f4"), "kernel", False)
        kernel(*operands, np.float32(1), out)
    np.testing.assert_array_equal(*outs)


@pytest.mark.skipif(
    numba.config.NUMBA_NUM_THREADS < 2, reason="one core: there is no second thread to compare with"
)
def test_results_do_not_depend_on_the_number_of_threads():
    x, w = (
        states((50, 300), (0, 1), "float32"),
        np.random.default_rng(1).standard_normal((300, 410)).astype("f4"),
    )
    seen, before = [], numba.get_num_threads()
    for threads in (1, 2):
        numba.set_num_threads(threads)
        out = np.zeros((50, 410), "f4")
        products.forward(x, w, out)
        seen.append(out)
    numba.set_num_threads(before)
    np.testing.assert_array_equal(*seen)
