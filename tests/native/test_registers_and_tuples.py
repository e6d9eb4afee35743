"""Registers, tuples and numbers of both signs are in translated functions what they are in
numba's, and no kernel is left to numba.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from bmdsl.kernels import table
from bmdsl.kernels.words import LANES, load, same, store
from bmdsl.native.deferred import Deferred
from bmdsl.native.kinds import Untranslatable, kind_of
from bmdsl.native.text import text_of
from bmdsl.native.translating import Module
from bmdsl.schedule.ops import KINDS

from .test_translating import array, translated


@numba.njit(error_model="numpy")
def joined(pair, z, more):
    """A register out of two, a tuple as it came, and a number."""
    return pair[0] ^ z, (pair[1] & z, more[1]), more[0] + 1


@numba.njit(error_model="numpy")
def first_of(numbers, least):
    """The first of two numbers if it is above a third one, and whether it is."""
    if numbers[0] > least:
        return numbers[0], True
    return least, False


def constructs(x, signed, word, numbers, out):
    """Registers of eight words, tuples, operations of both signs, loops over arrays."""
    a, b = load(x, 0), load(x, LANES)
    pair = (a + b, a | b)
    more = (3, 2.5)
    c, (d, half), four = joined(pair, same(word[0]), more)
    for k in range(four):
        if k % 2 == 0:
            c = c + d
            pair = (pair[1], c)
    store(c ^ pair[0], x, 0)
    store(d, x, LANES)
    i, u = signed[0], word[0]
    out[0] = (i < u) + 2 * (i <= u) + 4 * (i > u) + 8 * (i >= u) + 16 * (i == u) + 32 * (i != u)
    out[1] = (u < i) + 2 * (u <= i) + 4 * (u > i) + 8 * (u >= i)
    out[2], out[3] = i & u, ~i
    out[4] = (u >> np.uint64(3)) ^ np.uint64(i >> np.uint64(5))
    out[5] = np.uint64(~u) & np.uint64(255)
    every, some, last = True, 0, 0.0
    for s in numbers:
        every = every and s > -1.0
        some = some or int(s)
        last = s and last + s
    out[6], out[7], out[8] = every, some, last
    n, (h, t) = (1, (half, i)) if numbers[0] > 0 else (2, (0.5, 7))
    out[9], out[10], out[11] = n, h, t
    out[12], out[13] = np.argmin(numbers), np.argmax(numbers)
    kept = numbers.copy()
    kept[0] = 7**h
    filled = np.full(3, kept[0])
    out[14], out[15] = filled[2] + filled.sum(), numbers.itemsize + numbers[0]
    out[16], within = first_of((numbers[1], numbers[0]), 0.25)
    out[17] = within
    bits = numbers.view(np.int64)
    out[18] = bits[0] >> 40
    while True:
        n += 1
        if n > 5:
            break
    out[19] = n


@pytest.fixture(scope="module")
def pair():
    signature = [
        array(types.uint64, 1),
        array(types.int64, 1),
        array(types.uint64, 1),
        array(types.float64, 1),
        array(types.float64, 1),
    ]
    theirs = numba.njit(types.void(*signature), error_model="numpy")(constructs)
    return translated(constructs, signature), theirs


NUMBERS = st.lists(st.sampled_from([0.0, -2.5, 0.75, 3.0, 1e-3]), min_size=2, max_size=5)
WORDS = st.one_of(st.integers(0, 9), st.integers(0, 2**64 - 1))
INTEGERS = st.one_of(st.integers(-9, 9), st.integers(-(2**63), 2**63 - 1))


@settings(max_examples=100, deadline=None)
@given(signed=INTEGERS, word=WORDS, numbers=NUMBERS, seed=st.integers(0, 99))
def test_registers_and_tuples_are_numbas_bit_for_bit(pair, signed, word, numbers, seed):
    results = []
    for run in pair:
        x = np.random.default_rng(seed).integers(0, 2**64, 2 * LANES, np.uint64)
        out = np.zeros(20)
        run(x, np.array([signed]), np.array([word], np.uint64), np.array(numbers), out)
        results.append((x.tobytes(), out.tobytes()))
    assert results[0] == results[1]


def test_no_kernel_is_left_to_numba():
    table.load_table()
    left = {}
    for name, compiled in table.TABLE.items():
        kind = KINDS[name]
        signature = table.signature_of(kind, np.dtype(np.float64))
        parts = table._parts(kind, compiled)
        function, takes = (
            (compiled.function, signature) if parts is None else (parts, table._in_parts(signature))
        )
        try:
            kinds = tuple(map(kind_of, takes.args))
            Module().function(text_of(function, compiled.fastmath), kinds, "tried")
        except Untranslatable as error:
            left[name] = str(error)
    assert left == {}


def scaled(x, y):
    for k in range(len(x)):
        x[k] *= y


def test_a_deferred_function_is_numbas_where_machine_code_takes_no_such_array():
    function = Deferred(scaled, {"error_model": "numpy"})
    x = np.arange(6.0)
    function(x[::2], 2.0)
    assert x.tolist() == [0, 1, 4, 3, 8, 5]


def test_numba_may_call_a_deferred_function():
    function = Deferred(scaled, {"error_model": "numpy"})

    def twice(x):
        function(x, 3.0)
        function(x, 3.0)

    x = np.ones(2)
    numba.njit(twice)(x)
    assert x.tolist() == [9, 9]


def arrays_in_a_loop(x):
    total = 0.0
    for k in range(3):
        both = (x, np.empty(k + 1000))
        total += both[0][k]
    return total


def an_array_of_two(x, y):
    z = x if x[0] > y[0] else y
    return z[0]


def a_register_and_a_number(x):
    return load(x, 0) + 1


@pytest.mark.parametrize(
    ("function", "number"),
    [
        (arrays_in_a_loop, types.float64),
        (an_array_of_two, types.float64),
        (a_register_and_a_number, types.uint64),
    ],
)
def test_what_could_go_wrong_is_left_to_numba(function, number):
    count = function.__code__.co_argcount
    with pytest.raises(Untranslatable):
        Module().function(text_of(function), (kind_of(array(number, 1)),) * count, "tried")
