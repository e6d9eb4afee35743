"""Single-precision scalars stay as close to the truth as their docstrings say, over the whole
range, and vectorise without branches.
"""

from __future__ import annotations

import math
import platform
import re

import numba
import numpy as np
import pytest

from bmdsl.kernels import scalars32
from bmdsl.units import scalars

WIDE = np.concatenate(
    [np.linspace(-90, 90, 40001), np.linspace(-2, 2, 20001), [-1e4, 1e4, 0.0, 1e-30, -1e-30]]
).astype(np.float32)
POSITIVE = np.concatenate([np.logspace(-37, 38, 40001), np.linspace(0.5, 2, 20001)]).astype(
    np.float32
)


def over(name, xs):  # type: ignore[no-untyped-def]
    helpers = {n: numba.njit(getattr(scalars32, n)) for n in ("exp", "log")}
    function = getattr(scalars32, name)
    made = type(function)(function.__code__, {**vars(scalars32), **helpers}, name)
    each = numba.njit(made)
    return np.array([each(x) for x in xs], np.float64)


@pytest.mark.parametrize(("name", "low", "high"), [("exp", -87.0, 88.0), ("sigmoid", -87.0, 90.0)])
def test_relative_error_is_that_of_single_precision(name, low, high):
    xs = WIDE[(WIDE >= low) & (WIDE <= high)]
    truth = np.array([getattr(scalars, name)(float(x)) for x in xs])
    assert np.max(np.abs(over(name, xs) / truth - 1)) < 2.5e-7


@pytest.mark.parametrize("name", ["tanh", "softplus", "logcosh"])
def test_error_is_that_of_single_precision(name):
    truth = np.array([getattr(scalars, name)(float(x)) for x in WIDE])
    assert np.max(np.abs(over(name, WIDE) - truth) / np.maximum(1, np.abs(truth))) < 2.5e-7


def test_log_is_right_to_single_precision():
    truth = np.log(POSITIVE.astype(np.float64))
    assert np.max(np.abs(over("log", POSITIVE) - truth) / np.maximum(1, np.abs(truth))) < 2e-7


def test_the_normal_quantile_is_right_to_single_precision():
    drawn = (np.arange(0, 1 << 23, 37) + 0.5) * 2.0**-23
    xs = np.concatenate([drawn, [0.5, 1 - 2.0**-24], np.geomspace(1e-37, 0.3, 5001)])
    xs = xs.astype(np.float32)
    truth = np.array([scalars.normal_quantile(float(x)) for x in xs])
    assert np.max(np.abs(over("normal_quantile", xs) - truth) / np.maximum(1e-9, abs(truth))) < 4e-7


def test_digamma_is_right_to_single_precision():
    xs = np.concatenate([np.linspace(1, 20, 5001), np.geomspace(20, 1e6, 500)]).astype(np.float32)
    truth = np.array([scalars.digamma(float(x)) for x in xs])
    assert np.max(np.abs(over("digamma", xs) - truth) / np.maximum(1, np.abs(truth))) < 1e-6


def test_nothing_overflows_far_out():
    for name in ("exp", "sigmoid", "tanh", "softplus", "logcosh"):
        assert np.isfinite(over(name, np.array([-1e4, 1e4], np.float32))).all()


def test_every_scalar_has_the_name_of_a_double_one():
    for name in scalars32.__all__:
        assert hasattr(scalars, name) or hasattr(math, name)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="reads this processor's instructions"
)
@pytest.mark.parametrize("name", ["exp", "log", "sigmoid", "softplus", "tanh", "logcosh"])
def test_a_loop_runs_in_vector_registers(name):
    helpers = {n: numba.njit(error_model="numpy")(getattr(scalars32, n)) for n in ("exp", "log")}
    made = type(scalars32.exp)(
        getattr(scalars32, name).__code__, {**vars(scalars32), **helpers}, name
    )
    scalar = numba.njit(error_model="numpy")(made)

    @numba.njit(error_model="numpy")
    def loop(xs, out):  # type: ignore[no-untyped-def]
        for i in range(len(xs)):
            out[i] = scalar(xs[i])

    xs = np.linspace(0.5, 2, 1003, dtype=np.float32)
    out = np.empty_like(xs)
    loop(xs, out)
    np.testing.assert_allclose(
        out, [getattr(scalars, name, getattr(math, name, None))(float(x)) for x in xs], rtol=1e-6
    )
    packed = re.findall(
        r"v?(?:mul|add|fmadd\w*)ps\s.*[xyz]mm", next(iter(loop.inspect_asm().values()))
    )
    assert len(packed) >= 8, "every step of the polynomial is done for one number at a time"
