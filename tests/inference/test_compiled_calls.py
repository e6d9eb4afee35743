"""Free energies, conditionals and chains of one compiled call each, against the same by call after
call from Python.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import compiled_calls
from bmdsl.inference.compiled_calls import CompiledCalls
from tests.inference.test_shipped_models import SIZES, machine_of

pytestmark = pytest.mark.compiled

NOT_FREE_ENERGY = {"bm", "dbm"}
"""Models whose hidden units are not independent given the visible ones."""


class Interpreted(CompiledCalls):
    """No routine is for anything."""

    def _add(self, machine: Any, key: Any, compose: Any) -> None:
        self._routines[key] = None


def both(name: str, dtype: str = "float64") -> tuple[Any, Any]:
    """Two machines of the same parameters, of which the second has no routines."""
    one = machine_of(name)
    other = machine_of(name)
    if dtype != "float64":
        params = one.params
        one, other = (
            bmdsl.load(name, **SIZES[name]).compile(seed=2, dtype=dtype) for _ in range(2)
        )
        one.params.update(params)
        other.params.update(params)
    vars(other)["compiled"] = Interpreted()
    return one, other


def compiled(machine: Any, word: str) -> set[bool]:
    """Whether the routines of this name that were asked for are compiled."""
    return {x is not None for key, x in machine.compiled._routines.items() if key[0] == word}


@pytest.mark.parametrize("name", SIZES)
def test_free_energies_and_conditionals_equal_those_of_the_interpreter(name: str) -> None:
    one, other = both(name)
    for rows in (1, 5, 1):
        state = other.sample(rows, steps=3)
        data = {n: x for n, x in state.items() if n in one.visible}
        np.testing.assert_allclose(
            one.free_energy(**data), other.free_energy(**data), rtol=1e-12, atol=1e-12
        )
        for group in state:
            near = {
                n: x
                for n, x in state.items()
                if n != group or one.program.plan.graph.is_lateral(group)
            }
            found, wanted = (m.conditional(group, **near) for m in (one, other))
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert compiled(one, "free_energy") == {name not in NOT_FREE_ENERGY}
    assert compiled(one, "conditional") == {True}


@pytest.mark.parametrize("name", SIZES)
def test_chains_are_those_of_the_interpreter(name: str) -> None:
    one, other = both(name)
    for steps in (0, 1, 7):
        found, wanted = (m.sample(3, steps=steps) for m in (one, other))
        assert found.keys() == wanted.keys()
        for group in wanted:
            np.testing.assert_array_equal(found[group], wanted[group])
    assert compiled(one, "sweeps") == {True}


def test_chains_in_single_precision_are_those_of_the_interpreter() -> None:
    one, other = both("rbm", "float32")
    found, wanted = (m.sample(3, steps=7) for m in (one, other))
    for group in wanted:
        np.testing.assert_array_equal(found[group], wanted[group])


def test_chains_go_on_in_further_calls_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = both("rbm")
    wanted = one.sample(3, steps=7)
    monkeypatch.setattr(
        compiled_calls, "WORK", 3 * 7.0**2 * 3
    )  # three sweeps of three chains of seven units
    vars(other)["compiled"] = CompiledCalls()
    found = other.sample(3, steps=7)
    for group in wanted:
        np.testing.assert_array_equal(found[group], wanted[group])
    assert {key[1].begin for key in other.compiled._routines} == {True, False}


def test_clamped_chains_are_those_of_the_interpreter() -> None:
    one, other = both("rbm")
    clamps = {"v": np.array([[0, 1, 1, 0]] * 3), "h": np.array([[1, 0, 1]] * 3)}
    hidden = {"v": np.array([[0, np.nan, 1, np.nan], [np.nan] * 4, [1, 1, 0, 0]])}
    for clamp in ({"v": clamps["v"]}, {"h": clamps["h"]}, clamps, hidden):
        found, wanted = (m.sample(3, steps=4, clamp=clamp) for m in (one, other))
        for group in wanted:
            np.testing.assert_array_equal(found[group], wanted[group])
    assert compiled(one, "sweeps") == {True} and len(one.compiled._routines) == 4


def test_a_routine_reads_parameters_as_they_are_now() -> None:
    one, other = both("rbm")
    v = np.array([[0, 1, 1, 0]])
    before = one.free_energy(v=v)
    one.params["b"][1] += 1
    np.testing.assert_allclose(one.free_energy(v=v), before - 1, rtol=1e-12)
    copied = copy.deepcopy(one)
    copied.params["b"][1] += 1
    np.testing.assert_allclose(copied.free_energy(v=v), before - 2, rtol=1e-12)
    np.testing.assert_allclose(one.free_energy(v=v), before - 1, rtol=1e-12)


def test_data_that_must_not_be_written_to_are_taken() -> None:
    one, other = both("rbm")
    v = np.array([[0.0, 1, 1, 0]])
    v.flags.writeable = False
    np.testing.assert_allclose(one.free_energy(v=v), other.free_energy(v=v), rtol=1e-12)
    np.testing.assert_array_equal(one.sample(1, steps=2, clamp={"v": v})["v"], v)


def test_results_of_calls_are_arrays_of_their_own() -> None:
    one, _ = both("rbm")
    v = np.array([[0, 1, 1, 0]])
    first = one.conditional("h", v=v), one.free_energy(v=v), one.sample(1, steps=2)["v"]
    kept = [x.copy() for x in first]
    one.conditional("h", v=1 - v), one.free_energy(v=1 - v), one.sample(1, steps=3)
    for x, y in zip(first, kept, strict=True):
        np.testing.assert_array_equal(x, y)


def test_missing_values_are_summed_out() -> None:
    one, other = both("rbm")
    v = np.array([[0, np.nan, 1, 0]])
    np.testing.assert_allclose(one.free_energy(v=v), other.free_energy(v=v), rtol=1e-12)


def test_a_constant_of_the_energy_is_part_of_the_free_energy() -> None:
    text = """model m { visible v[3] : binary  hidden h[2] : spin  param W, a
      energy = - W[i,j] v[i] h[j] + 2.5 + a }"""
    one = bmdsl.parse(text).compile(dtype="float64")
    one.params["W"], one.params["a"] = np.arange(6.0).reshape(3, 2) / 10, 0.25
    v = np.array([[1, 0, 1]])
    wanted = 2.75 - np.log(2 * np.cosh(v @ one.params["W"])).sum(1)
    np.testing.assert_allclose(one.free_energy(v=v), wanted, rtol=1e-12)
    assert compiled(one, "free_energy") == {True}


def test_the_interpreter_takes_over_where_fields_stand_in_for_parameters() -> None:
    one, _ = both("rbm")
    v = np.array([[0.0, 1, 1, 0]])
    other = {n: x + 0.1 for n, x in one.params.items()}
    with one.standing_at(other):
        found = one.free_energy(v=v)
    assert not one.compiled._routines
    one.params.update(other)
    np.testing.assert_allclose(one.free_energy(v=v), found, rtol=1e-12)
