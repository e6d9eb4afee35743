"""Chunked products against NumPy, and the same bits whatever the number of threads."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from bmdsl.kernels import products
from bmdsl.kernels.tile_products import TILES
from bmdsl.runtime.threads import one_pool

SIZES = [(1, 1, 1), (7, 5, 3), (100, 784, 500), (33, 200, 130), (3, 1000, 17)]


def operands(rows, n, m, dtype):  # type: ignore[no-untyped-def]
    r = np.random.default_rng(0)
    return tuple(r.standard_normal(s).astype(dtype) for s in ((rows, n), (rows, m), (n, m)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_products_add_what_numpy_gives(size, dtype):
    x, y, w = operands(*size, dtype)
    tolerance = 1e-3 if dtype == "float32" else 1e-11
    for function, left, right, expected in (
        (products.forward, x, w, x @ w),
        (products.backward, y, w, y @ w.T),
        (products.moment, x, y, x.T @ y),
    ):
        out = np.ones_like(expected)
        function(left, right, out, 0.5)
        np.testing.assert_allclose(out, 1 + 0.5 * expected, atol=tolerance)
        plain = np.ones_like(expected)
        function(left, right, plain, 0.5, plain=True)
        np.testing.assert_allclose(plain, out, atol=tolerance)


@pytest.mark.skipif(
    numba.config.NUMBA_NUM_THREADS < 2, reason="one core: there is no second thread to compare with"
)
def test_results_do_not_depend_on_the_number_of_threads():
    x, y, w = operands(100, 784, 500, "float32")
    seen, before = [], numba.get_num_threads()
    for threads in (1, 2):
        numba.set_num_threads(threads)
        outs = [np.zeros((100, 500), "f4"), np.zeros((100, 784), "f4"), np.zeros((784, 500), "f4")]
        with one_pool():
            products.forward(x, w, outs[0])
            products.backward(y, w, outs[1])
            products.moment(x, y, outs[2])
        seen.append(outs)
    numba.set_num_threads(before)
    for a, b in zip(*seen, strict=True):
        np.testing.assert_array_equal(a, b)


def test_empty_operands_add_nothing():
    out = np.ones((0, 4))
    products.forward(np.empty((0, 3)), np.empty((3, 4)), out)
    assert out.shape == (0, 4)


def test_compiled_code_is_kept_apart_by_the_kernels_that_it_calls():
    """Code kept by a process with tiles would call kernels that one without them has not got."""
    word = "by_tiles" if TILES else "by_tables"
    for function in (products._forward, products._backward, products._moment):
        assert function.py_func.__name__.endswith(word)
