"""One parameter in a bias and a coupling, and pairs of units with themselves beside no bias:
routines know both.
"""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import bmdsl

Array = np.ndarray
CASES: dict[str, tuple[str, Callable[[float, Array, Array], Array]]] = {
    "tied": ("- v W - W - v h W", lambda W, v, h: -W * (v + 1 + v * h)),
    "itself": ("- U[q+1,p] u[q] u[p] - h", lambda W, v, h: -W * v * v - h),
}


@pytest.mark.parametrize("name", CASES)
def test_its_free_energy_and_conditional_equal_enumeration(name: str) -> None:
    energy, formula = CASES[name]
    group = "v" if name == "tied" else "u[1]"
    param = "W" if name == "tied" else "U[2,1]"
    machine = bmdsl.parse(
        f"model m {{\n  visible {group} : binary\n  hidden h : binary\n  param {param}\n"
        f"  energy = {energy}\n}}"
    ).compile(dtype="float64")
    visible, parameter = group[0], param[0]
    W = 0.7
    machine.params[parameter] = np.full(machine.params[parameter].shape, W)
    v, h = np.array(list(itertools.product((0.0, 1.0), repeat=2))).T
    weights = np.exp(-formula(W, v, h))
    for x in (0.0, 1.0):
        shown = -np.log(weights[v == x].sum())
        case = np.full((1, *machine.model.group(visible).shape), x)
        assert machine.free_energy(**{visible: case}) == pytest.approx(shown)
        found = machine.conditional("h", **{visible: case})
        assert found == pytest.approx(weights[(v == x) & (h == 1)] / weights[v == x].sum())
