"""Printed text as machine code does what it does as Python."""

from __future__ import annotations

import textwrap
import time
from typing import Any

import numpy as np
import pytest
from llvmlite import ir
from numba import types

from bmdsl.runtime.lowering import lowered
from bmdsl.runtime.machine_code import made_of

REAL = types.Array(types.float64, 1, "C")
MATRIX = types.Array(types.float64, 2, "C")
SMALL = types.Array(types.float32, 2, "C")
CUBE = types.Array(types.float64, 3, "C")
WHOLE = types.Array(types.int64, 1, "C")


def _add(context: Any, builder: Any, signature: Any, values: Any) -> None:
    """x[0] += number, of a kernel that tests call."""
    array = context.make_array(signature.args[0])(context, builder, values[0])
    kind = signature.args[0].dtype
    sum_ = builder.fadd(builder.load(array.data), values[1])
    assert kind in (types.float64, types.float32)
    builder.store(sum_, array.data)


def _tell(context: Any, builder: Any, signature: Any, values: Any) -> None:
    """out = entries, bytes of an entry, lengths and strides of a matrix."""
    x = context.make_array(signature.args[0])(context, builder, values[0])
    out = context.make_array(signature.args[1])(context, builder, values[1]).data
    parts = [x.nitems, x.itemsize]
    parts += [builder.extract_value(y, k) for y in (x.shape, x.strides) for k in range(2)]
    for k, part in enumerate(parts):
        builder.store(part, builder.gep(out, [ir.Constant(ir.IntType(64), k)]))


CALLED = {
    "add": (types.void(REAL, types.float64), _add),
    "add_small": (types.void(SMALL, types.float32), _add),
    "add_to_matrix": (types.void(MATRIX, types.float64), _add),
    "tell": (types.void(MATRIX, WHOLE), _tell),
}
PYTHON = {
    "add": lambda x, n: x.__setitem__(0, x[0] + n),
    "add_small": lambda x, n: x.__setitem__((0, 0), x[0, 0] + np.float32(n)),
    "add_to_matrix": lambda x, n: x.__setitem__((0, 0), x[0, 0] + n),
    "tell": lambda x, out: out.__setitem__(slice(0, 6), [x.size, x.itemsize, *x.shape, *x.strides]),
}
BODIES = {
    "numbers": "add(x, -a)\nadd(x[1:], 0.5 * a - 2.0)\nadd(x[2:], n % 3)\nadd(x[3:], 1.0 / n)",
    "ends": "add(x, max(0, 3 - n % 4))\nadd(x[1:], min(n, i[1]))",
    "names": "m = n + 2\nb = a * m\nadd(x[m - 2:], b)",
    "entries": "add(x, y[3])\nadd(x[1:], i[2])\nrows = i[1]\nadd(x[rows:], 1)",
    "pairs": "first, count = i[1], i[2] - i[1]\nadd(x[first:], count)",
    "loops": "for k in range(n):\n    add(x[k:], k)\n    for l in range(i[1]):\n        add(x, l)",
    "leaving": "for k in range(9):\n    row = i[k]\n    if row == 2:\n        break\n    add(x, 1)",
    "views": "v = c[1]\nadd_to_matrix(v[2:], a)\nw = v[1]\nadd(w[1:], 7)\nadd_to_matrix(c[0], 1.0)",
    "parts": "w = y[i[1] : i[1] + 3]\nadd(w, a)\ntell(c[1][1:3], out)\nadd(y[3:99], 1)",
    "shapes": "w = m.reshape(-1)[: m.shape[0] * 2].reshape(m.shape[0], 2)\n"
    "add_to_matrix(w[1:], 3.0)\ntell(m.reshape(-1, 2), out)\nadd(m.reshape(-1), 2.0)",
    "pairs of indices": "add_to_matrix(c[1, 1:3], a)\nadd(m[n - 3, :2], 1)",
    "filling": "y[:] = a\nadd(y, 1)\ns[:] = 0.1",
    "types": "add_small(s, a)\nadd_small(s[1:], 0.1)\nadd_small(s[2:], n)",
}


def arguments() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "n": 5,
        "a": 0.37,
        "x": rng.random(6),
        "y": rng.random(7),
        "i": np.array([5, 1, 3, 2, 2]),
        "m": rng.random((3, 4)),
        "c": rng.random((2, 4, 3)),
        "s": rng.random((4, 3)).astype(np.float32),
        "out": np.zeros(6, np.int64),
    }


KINDS = [types.int64, types.float64, REAL, REAL, WHOLE, MATRIX, CUBE, SMALL, WHOLE]


@pytest.mark.parametrize("name", BODIES)
def test_statements_do_what_python_does(name: str) -> None:
    given, wanted = arguments(), arguments()
    head = f"def routine({', '.join(given)}):\n"
    source = (
        "SOME = 3\n\n\n" + head + textwrap.indent('"""What is done."""\n' + BODIES[name], "    ")
    )
    space: dict[str, Any] = dict(PYTHON)
    exec(source, space)
    space["routine"](*wanted.values())
    made_of(lowered(source, KINDS, CALLED), KINDS)(*given.values())
    for key, x in given.items():
        np.testing.assert_array_equal(x, wanted[key], err_msg=key)
    before = arguments()
    assert any(not np.array_equal(wanted[k], before[k]) for k in before)


def test_arrays_of_another_kind_are_refused() -> None:
    call = made_of(lowered("def f(x):\n    add(x, 1)\n", [REAL], CALLED), [REAL])
    call(np.zeros(3))
    for wrong in (np.zeros(3, np.float32), np.zeros((3, 1)), np.zeros(6)[::2]):
        with pytest.raises(TypeError, match="is wanted"):
            call(wrong)


@pytest.mark.parametrize("line", ["x += 1", "while n: pass", "y = x @ x", "add(x if n else y, 1)"])
def test_statements_that_routines_are_not_made_of_are_refused(line: str) -> None:
    with pytest.raises(TypeError, match="no statement of a routine"):
        lowered(f"def f(x, n):\n    {line}\n", [REAL, types.int64], CALLED)


def test_the_time_to_translate_grows_with_the_length_alone() -> None:
    def seconds(lines: int) -> float:
        calls = "\n".join(f"    add(x{k % 50}[{k % 3}:], {k}.5)" for k in range(lines))
        head = ", ".join(f"x{k}" for k in range(50))
        started = time.process_time()
        made_of(lowered(f"def f({head}):\n{calls}\n", [REAL] * 50, CALLED), [REAL] * 50)
        return time.process_time() - started

    seconds(10)
    few, many = min(seconds(1000) for _ in range(2)), seconds(5000)
    assert many < 3 * 5 * few
