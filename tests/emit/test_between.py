"""Draws and log-partitions between a base distribution and a model, against those of fields that
are blended first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl

UNITS = {
    "binary": "visible v[5] : binary",
    "spin": "visible v[5] : spin",
    "one of K": "visible v[5] : categorical(3)",
    "real": "visible v[5] : gaussian(sigma = 0.8)",
    "counts": "visible v[5] : binomial(3)",
}
LOW, HIGH = 0.3, 0.45


def functions(units: str, backend: str) -> Any:
    letters = "i,a" if "categorical" in units else "i"
    text = f"model m {{ {units}  param b  energy = - b[{letters}] v[{letters}] }}"
    return bmdsl.parse(text).compile(backend=backend, dtype="float64").program


def fields(program: Any, rng: np.random.Generator, rows: int) -> list[np.ndarray]:
    """Fields on x, and negative ones on x² if the type has them."""
    shape = (rows, program.sizes["v"])
    first = rng.normal(size=shape)
    return [first, -rng.random(shape) / 4] if program.plan.group("v").square else [first]


@pytest.mark.parametrize("backend", ["reference", "numba"])
@pytest.mark.parametrize("units", UNITS)
def test_they_are_those_of_blended_fields(units: str, backend: str) -> None:
    if backend == "numba" and units != "binary":
        pytest.skip("one type is compiled")
    program, rng = functions(UNITS[units], backend), np.random.default_rng(3)
    call, rows = program.functions, 9
    eta, base = fields(program, rng, rows), fields(program, rng, 1)
    states = [program.states["v"]] if program.plan.group("v").states is not None else []
    low, high = (
        [(1 - beta) * a + beta * x for a, x in zip(base, eta, strict=True)] for beta in (LOW, HIGH)
    )
    key = (7, 1, 2, 3, 0)

    wanted, found = (np.zeros((rows, program.sizes["v"])) for _ in range(2))
    call["draw", "v"](*high, *states, np.empty((0, 0)), *key, wanted)
    call["draw_between", "v"](*eta, *states, *base, HIGH, *key, found)
    np.testing.assert_array_equal(found, wanted)

    sums = np.empty((2, rows))
    for x, out in zip((low, high), sums, strict=True):
        call["log_partition", "v"](*x, *states, out)
    change = np.arange(rows) / 4.0
    call["add_change", "v"](*eta, *states, *base, LOW, HIGH, change)
    np.testing.assert_allclose(change, np.arange(rows) / 4.0 + sums[1] - sums[0], atol=1e-12)
