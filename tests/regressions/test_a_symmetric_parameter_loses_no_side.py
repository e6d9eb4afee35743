"""Of a symmetric parameter's file the lower triangle was dropped without a word, and from Python
any array was taken.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl

TEXT = (
    "model a {{ visible v[3] : binary  param U {init} {modifier}  energy = - U[i,j] v[i] v[j] for i"
    " < j }}"
)


def machine_of(folder: Path, values: np.ndarray, modifier: str):  # type: ignore[no-untyped-def]
    np.save(folder / "L.npy", values)
    (folder / "a.bm").write_text(
        TEXT.format(init='init "L.npy"', modifier=modifier), encoding="utf-8"
    )
    return bmdsl.load(folder / "a.bm").compile(dtype="float64", backend="reference")


def test_a_lower_triangle_from_a_file_is_refused_or_taken(tmp_path: Path) -> None:
    lower = np.tril(np.ones((3, 3)), -1)
    with pytest.raises(bmdsl.BmError, match=r"BM112.*U\[0,1\] = 0 and U\[1,0\] = 1"):
        machine_of(tmp_path, lower, "symmetric")
    machine = machine_of(tmp_path, lower, "symmetric(lower)")
    np.testing.assert_array_equal(machine.params["U"], lower + lower.T)
    assert machine.energy(v=np.ones((1, 3)))[0] == -3


def test_an_array_from_python_is_refused_when_it_is_used() -> None:
    machine = bmdsl.parse(TEXT.format(init="", modifier="symmetric")).compile(
        dtype="float64", backend="reference"
    )
    machine.params["U"] = np.arange(9.0).reshape(3, 3) - np.diag([0, 4, 8])
    with pytest.raises(bmdsl.BmError, match=r"BM112.*U\[0,1\] = 1 and U\[1,0\] = 3"):
        machine.energy(v=np.ones((1, 3)))
    machine.params["U"] = np.eye(3)
    with pytest.raises(bmdsl.BmError, match="BM113"):
        machine.log_partition()
    machine.params["U"] = np.ones((3, 3)) - np.eye(3)
    assert machine.energy(v=np.ones((1, 3)))[0] == -3
