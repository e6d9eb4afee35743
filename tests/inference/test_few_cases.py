"""Calls for few cases are prepared after the first two: they give what the general way gives, and
say what it says.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import few_cases
from bmdsl.language.diagnostics import BmError

Array = np.ndarray
ROWS = 2
CASES = np.random.default_rng(0).integers(0, 2, (20, ROWS, 9)).astype(np.float32)


@pytest.fixture
def machine(machines: dict[str, Any]) -> Any:
    """With calls for ROWS cases prepared, and parameters of its own."""
    made = machines["rbm"]
    for x in made.params.values():
        x[...] = np.random.default_rng(1).normal(0, 0.5, x.shape)
    for _ in range(3):
        made.free_energy(v=CASES[0])
        made.conditional("h", v=CASES[0])
    return made


@pytest.fixture(scope="module")
def machines() -> dict[str, Any]:
    return {"rbm": bmdsl.load("rbm", D=9, H=5).compile()}


def _both(machine: Any, v: Array) -> tuple[Array, Array]:
    return machine.free_energy(v=v), machine.conditional("h", v=v)


def _generally(machine: Any, v: Array) -> tuple[Array, Array]:
    return machine._free_energy({"v": v}), machine._conditional("h", {"v": v})


def _equal(machine: Any, v: Array) -> None:
    for a, b in zip(_both(machine, v), _generally(machine, v), strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)


def test_a_prepared_call_is_used(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(machine), "_free_energy", None)
    monkeypatch.setattr(type(machine), "_conditional", None)
    assert machine.free_energy(v=CASES[1]).shape == (ROWS,)
    assert machine.conditional("h", v=CASES[1]).shape == (ROWS, 5)


def test_it_gives_what_the_general_way_gives(machine: Any) -> None:
    for v in CASES:
        _equal(machine, v)
    _equal(machine, CASES[3] * np.float32(0.3))  # means
    for kind in (bool, np.int8, np.uint64, np.float16, np.float64):
        _equal(machine, CASES[4].astype(kind))
    _equal(machine, np.asfortranarray(CASES[5]))
    _equal(machine, CASES[6][::-1])
    _equal(machine, CASES[7][:1])  # another number of cases


def test_parameters_that_were_changed_in_place_count(machine: Any) -> None:
    before = machine.free_energy(v=CASES[0])
    machine.params["W"][0, :] += 1
    v = CASES[0].copy()
    v[:, 0] = 1
    _equal(machine, v)
    machine.params["c"] = np.arange(5)
    _equal(machine, CASES[0])
    assert not np.array_equal(machine.free_energy(v=CASES[0]), before)


def test_results_are_the_callers_own(machine: Any) -> None:
    first = _both(machine, CASES[0])
    copies = [x.copy() for x in first]
    _both(machine, CASES[1])
    for x, y in zip(first, copies, strict=True):
        np.testing.assert_array_equal(x, y)
        x[...] = 0
    _equal(machine, CASES[0])


def test_missing_units_are_summed_over(machine: Any) -> None:
    v = CASES[0].copy()
    v[0, 3] = np.nan
    np.testing.assert_array_equal(machine.free_energy(v=v), machine._free_energy({"v": v}))
    on, off = v.copy(), v.copy()
    on[0, 3], off[0, 3] = 1, 0
    pair = machine.free_energy(v=on)[0], machine.free_energy(v=off)[0]
    np.testing.assert_allclose(
        -machine.free_energy(v=v)[0], np.logaddexp(*(-x for x in pair)), 1e-5
    )


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("BM819", lambda v: {"v": v + 2}),
        ("BM819", lambda v: {"v": v - np.float32(0.5)}),
        ("BM773", lambda v: {"v": np.where(v == 1, np.inf, v)}),
        ("BM806", lambda v: {"v": v[:, :-1]}),
        ("BM806", lambda v: {"v": v[:, :, None]}),
        ("BM804", lambda v: {"w": v}),
        ("BM804", lambda v: {"v": v, "w": v}),
        ("BM805", lambda v: {}),
        ("BM770", lambda v: {"v": v + 0j}),
        ("BM770", lambda v: {"v": [[1.0], [1.0, 2.0]]}),
    ],
)
def test_wrong_arguments_are_told_as_before(machine: Any, code: str, given: Any) -> None:
    with pytest.raises(BmError) as error:
        machine.free_energy(**given(CASES[0]))
    assert code in str(error.value)


def test_parameters_that_are_not_finite_are_told(machine: Any) -> None:
    machine.params["W"][2, 2] = np.nan
    for call in (machine.free_energy, lambda **x: machine.conditional("h", **x)):
        with pytest.raises(BmError, match="BM773"):
            call(v=CASES[0])


def test_no_group_is_told(machine: Any) -> None:
    for name in ("x", ["h"], None):
        with pytest.raises(BmError, match="BM804"):
            machine.conditional(name, v=CASES[0])


def test_fields_that_stand_in_are_not_passed_over(machine: Any) -> None:
    other = {n: x + 1 for n, x in machine.params.items()}
    with machine.standing_at(other):
        there = machine.free_energy(v=CASES[0])
    for name, x in other.items():
        machine.params[name] = x
    np.testing.assert_allclose(there, machine.free_energy(v=CASES[0]), 1e-5)


def test_threads_do_not_disturb_one_another(machine: Any) -> None:
    expected = [machine._free_energy({"v": v}) for v in CASES]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda v: [machine.free_energy(v=v) for _ in range(20)], CASES))
    for rows, wanted in zip(found, expected, strict=True):
        for row in rows:
            np.testing.assert_array_equal(row, wanted)


def test_only_some_calls_are_kept(machine: Any) -> None:
    for rows in (*range(1, 3 * few_cases.MET), *range(1, 30), *range(1, 30)):
        machine.free_energy(v=np.zeros((rows, 9), np.float32))
    few = machine.compiled.few
    assert len(few._prepared) <= few_cases.KEPT and len(few._met) <= few_cases.MET
