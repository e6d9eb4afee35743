"""Which loops threads share, and that parts of a loop are all of it."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from bmdsl.kernels.sharing import in_parts


def doubled(x, out):  # type: ignore[no-untyped-def]
    wide = out.shape[1]
    for r in numba.prange(len(out)):
        for p in range(wide):
            out[r, p] += 2 * x[r, p]


def chosen(x, turned, out):  # type: ignore[no-untyped-def]
    made = np.zeros(3)
    made[1] = 2.0
    if turned:
        for r in numba.prange(out.shape[0]):
            out[r] += made[1] * x[r]
    else:
        rows = out.shape[0]
        for r in numba.prange((rows + 1) // 2):
            for q in range(2 * r, min(rows, 2 * r + 2)):
                out[q] += x[q]


def cut(x, out):  # type: ignore[no-untyped-def]
    parts = 3
    for part in numba.prange(parts):
        for r in range(part * len(x) // parts, (part + 1) * len(x) // parts):
            out[r] += x[r]


def summed(x, out):  # type: ignore[no-untyped-def]
    parts = np.zeros(len(x))
    for r in numba.prange(len(x)):
        parts[r] = x[r].sum()
    out[0, 0] = parts.sum()


def begun_by_every_thread(x, out):  # type: ignore[no-untyped-def]
    out[:] = 0
    for r in numba.prange(len(x)):
        out[r] += x[r]


def reads_what_it_writes(x, out):  # type: ignore[no-untyped-def]
    most = out.max()
    for r in numba.prange(len(x)):
        out[r] = x[r] + most


def one_after_another(x, out):  # type: ignore[no-untyped-def]
    for r in numba.prange(len(x)):
        out[r] = x[r]
    for r in numba.prange(len(x)):
        out[r] += out[len(x) - 1 - r]


def within_a_loop(x, out):  # type: ignore[no-untyped-def]
    for _ in range(3):
        for r in numba.prange(len(x)):
            out[r] += x[r]


@pytest.mark.parametrize("parts", [1, 2, 3, 8])
@pytest.mark.parametrize(
    ("function", "arguments"), [(doubled, ()), (cut, ()), (chosen, (True,)), (chosen, (False,))]
)
def test_all_parts_together_are_the_function(function, arguments, parts):  # type: ignore[no-untyped-def]
    made = in_parts(function, {"out"})
    assert made is not None
    x = np.random.default_rng(1).normal(size=(5, 4))
    whole, shared = np.ones((5, 4)), np.ones((5, 4))
    function(x, *arguments, whole)
    for part in range(parts):
        made(x, *arguments, shared, part, parts)
    np.testing.assert_array_equal(shared, whole)


@pytest.mark.parametrize(
    "function",
    [summed, begun_by_every_thread, reads_what_it_writes, one_after_another, within_a_loop],
)
def test_loops_that_need_one_another_are_not_shared(function):  # type: ignore[no-untyped-def]
    assert in_parts(function, {"out"}) is None


def test_a_function_in_parts_keeps_its_lines() -> None:
    made = in_parts(doubled, {"out"})
    assert made is not None
    assert made.__code__.co_filename == doubled.__code__.co_filename
    assert made.__code__.co_firstlineno == doubled.__code__.co_firstlineno
