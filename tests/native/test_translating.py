"""Translated functions give the numbers that numba's and Python's own give."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bmdsl.kernels.sharing import load_sharing
from bmdsl.native.functions import _entry
from bmdsl.native.kinds import Untranslatable, kind_of
from bmdsl.native.objects import load, machine_code
from bmdsl.native.python_calls import PythonCall
from bmdsl.native.text import text_of
from bmdsl.native.translating import Module

F = np.float32
TABLE = np.array([2.5, -1.25, 0.5])


def translated(function, signature, fastmath=frozenset(), shared=False):
    """The function as machine code, called from Python; nothing is kept."""
    module = Module()
    kinds = tuple(map(kind_of, signature))
    called = module.function(text_of(function, fastmath, shared), kinds, "tried")
    returns = _entry(module.module, called, kinds, "tried_entry")
    (address,) = load(machine_code(str(module.module)), "tried_entry")
    return PythonCall(address, signature, returns)


def array(number, axes):
    return types.Array(number, axes, "C")


@numba.njit(error_model="numpy")
def two(x, y):
    return x + y, x * y


@numba.njit(error_model="numpy")
def first_above(x, least):
    """Where x first exceeds a number; its length if nowhere."""
    for i in range(len(x)):
        if x[i] > least:
            return i
    return len(x)


def numbers_of_every_kind(x, y, i, j, out):
    """x a float32, y a float64, i and j integers."""
    a, b = x[0], y[0]
    out[0] = a + b
    out[1] = a * a - F(0.1) * a
    out[2] = 0.1 * a
    out[3] = i * a
    out[4] = i / j
    out[5] = i // j
    out[6] = i % j
    out[7] = -i // j + -i % j
    out[8] = max(a, b, 0.5)
    out[9] = min(a, i)
    out[10] = abs(a) + abs(-i)
    out[11] = math.exp(a) + math.log(abs(b) + 1.0) + math.sqrt(abs(a))
    out[12] = math.exp(b) + math.log1p(abs(b)) + math.lgamma(abs(b) + 1.0)
    out[13] = math.tanh(a) + math.erfc(b) + math.expm1(b)
    out[14] = float(int(b * 10.0)) + int(a)
    out[15] = np.float64((np.uint64(i) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40))
    out[16] = np.int32(np.float32(a).view(np.int32) & np.int32(255))
    out[17] = 1.0 if a < b <= 10.0 and not math.isnan(a) else -1.0
    out[18] = (i << 3) ^ (j | 5) & 7
    out[19], out[20] = two(a, b)
    out[21] = first_above(y, 0.0)
    out[22] = TABLE[i % 3] + TABLE[-1]
    out[23] = np.sign(a) + np.sign(b)
    out[24] = b**2 + a**2
    out[25] = float(np.uint32(i) + np.uint32(7)) + (1 if i > j or j == 3 else 2)
    total = 0
    for k in range(i):
        total = total + 0.25 * k  # an integer before the loop, a float after it
        if k == 5:
            continue
        if total > 40.0:
            break
    out[26] = total
    k = j
    while k > 0:
        k -= 2
    out[27] = k
    x = np.float64(a) + 1.0  # the name of an array, from here on of a number
    out[28] = x
    for k in range(j, -j, -2):
        out[29] += k
    out[30] = b**j + abs(b) ** 0.5 + (a + F(8.0)) ** -j + abs(b) ** (70000 * j)


NUMBERS = st.floats(-4, 4, width=32)


def compiled_pair():
    signature = [
        array(types.float32, 1),
        array(types.float64, 1),
        types.int64,
        types.int64,
        array(types.float64, 1),
    ]
    theirs = numba.njit(types.void(*signature), error_model="numpy")(numbers_of_every_kind)
    return translated(numbers_of_every_kind, signature), theirs


@pytest.fixture(scope="module")
def pair():
    return compiled_pair()


@settings(max_examples=200, deadline=None)
@given(x=NUMBERS, y=NUMBERS, i=st.integers(0, 90), j=st.integers(1, 9))
def test_numbers_are_numbas_bit_for_bit(pair, x, y, i, j):
    ours, theirs = np.zeros(31), np.zeros(31)
    for run, out in zip(pair, (ours, theirs), strict=True):
        run(np.array([x], F), np.array([y, 1.0]), i, j, out)
    assert ours.tobytes() == theirs.tobytes(), np.flatnonzero(ours != theirs)


def test_division_by_zero_does_not_end_the_process(pair):
    out = np.zeros(31)
    pair[0](np.array([1], F), np.array([1.0, 1.0]), 5, 0, out)
    assert out[4] == math.inf and out[5] == out[6] == 0


def arrays_of_every_kind(x, w, codes, out):
    """Views, rows, parts, new arrays, one in each turn of a loop."""
    rows, columns = x.shape
    for r in range(rows):
        own = x[r]
        room = np.empty(columns + 1, np.float32)
        room[:] = F(0.5)
        room[1:] = own
        mean = np.zeros((2, columns))
        for c in range(columns):
            mean[0, c] = own[c] / 2
            mean[1, codes[c]] += own[c]
        low = np.array([1.0, own[0]])
        flat = mean.reshape(-1)
        out[r, 0] = flat.sum() + low[1] + len(flat) + mean.size
        out[r, 1 : columns + 1] = x[r, 0:99]
        for c in range(room.shape[0]):
            out[r, columns + 1] += room[c] * w[()]
    whole = out.reshape(rows, 1, -1)
    whole[0, 0, 0] = -whole[0, 0, 0]


def test_arrays_hold_what_numbas_hold():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 5)).astype(F)
    w, codes = np.array(1.5), np.array([4, 3, 2, 1, 0], np.int32)
    given = [x, w, codes]
    signature = [
        array(types.float32, 2),
        array(types.float64, 0),
        array(types.int32, 1),
        array(types.float64, 2),
    ]
    ours, theirs = np.zeros((3, 7)), np.zeros((3, 7))
    translated(arrays_of_every_kind, signature)(*given, ours)
    arrays_of_every_kind(*given, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert (ours[:, 1:6] == x).all()


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "0.5", "2.0", "-1.25"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        inner.map(lambda t: f"abs(-{t})"),
        st.tuples(inner, st.sampled_from(["<", ">=", "!="]), inner, inner, inner).map(
            lambda t: f"({t[3]} if {t[0]} {t[1]} {t[2]} else {t[4]})"
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=25, deadline=None)
@given(text=EXPRESSIONS, x=st.floats(-9, 9), y=st.floats(-9, 9))
def test_an_expression_is_what_python_says(tmp_path_factory, text, x, y):
    path = tmp_path_factory.mktemp("written") / "written.py"
    path.write_text(f"def written(x, y):\n    return {text}\n")
    space: dict = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    run = translated(space["written"], [types.float64, types.float64])
    if isinstance(space["written"](x, y), float):
        assert run(x, y) == space["written"](x, y)


def with_default(x, y=1):
    return x


def with_an_object(x):
    return x.tolist()


def a_column(x):
    column = x[:, 0]
    return column[0]


def two_names(x):
    made = np.empty(len(x) * 1000)
    other = made
    return other[0]


@pytest.mark.parametrize("function", [with_default, with_an_object, a_column, two_names])
def test_what_is_not_known_is_left_to_numba(function):
    axes = 2 if function is a_column else 1
    kinds = (kind_of(array(types.float64, axes)),) * len(text_arguments(function))
    with pytest.raises(Untranslatable):
        Module().function(text_of(function), kinds, "tried")


def text_arguments(function):
    return function.__code__.co_varnames[: function.__code__.co_argcount]


@intrinsic
def seven_more(context, x):
    """x + 7, as code that builds itself."""

    def build(context, builder, signature, values):
        return builder.fadd(values[0], ir.Constant(ir.DoubleType(), 7.0))

    return types.float64(types.float64), build


def fourteen_more(x):
    return seven_more(seven_more(x))


def test_an_intrinsic_builds_its_own_code():
    assert translated(fourteen_more, [types.float64])(1.0) == 15.0


def shared_rows(x, scale, out):
    """Two loops that threads share, inside one that they do not."""
    rows, columns = x.shape
    twice = 2.0 * scale
    for k in range(3):
        for r in numba.prange(rows):
            room = np.empty(columns, np.float64)
            total = 0.0
            for c in range(columns):
                room[c] = twice * x[r, c] + k
                total += room[c]
            out[r, k] = total
        for c in numba.prange(columns):
            total = scale
            total += x[0, c]
            out[0, 3 + c] = total


def test_threads_share_a_loop_and_nothing_changes():
    load_sharing()
    rng = np.random.default_rng(1)
    x, alone, together = rng.normal(size=(257, 9)), np.zeros((257, 12)), np.zeros((257, 12))
    signature = [array(types.float64, 2), types.float64, array(types.float64, 2)]
    translated(shared_rows, signature)(x, 0.75, alone)
    translated(shared_rows, signature, shared=True)(x, 0.75, together)
    assert alone.tobytes() == together.tobytes() and alone[1:, :3].all()


def total_over_threads(x):
    total = 0.0
    for r in numba.prange(len(x)):
        total += x[r]
    return total


def test_a_sum_over_a_shared_loop_is_left_to_numba():
    with pytest.raises(Untranslatable, match="a sum"):
        translated(total_over_threads, [array(types.float64, 1)], shared=True)
