"""Groups called `self`, `group` and `file` met the arguments of the functions that take groups by
name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import bmdsl
from bmdsl.files import write_npz


def test_energies_and_means_of_self_and_group() -> None:
    text = (
        "model m { visible self[2] : binary  hidden group[2] : binary  param W  energy = - W[i,j]"
        " self[i] group[j] }"
    )
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    machine.params["W"] = np.eye(2)
    one = np.ones((1, 2))
    assert machine.energy(**{"self": one, "group": one})[0] == -2
    np.testing.assert_allclose(machine.conditional("self", group=one), 1 / (1 + np.exp(-one)))
    np.testing.assert_allclose(machine.free_energy(**{"self": one}), [-2 * np.log1p(np.e)])
    np.testing.assert_allclose(machine.posterior(**{"self": one})["group"], 1 / (1 + np.exp(-one)))


def test_arrays_of_any_name_go_into_one_file(tmp_path: Path) -> None:
    arrays = {
        n: np.arange(3.0) + k for k, n in enumerate(("file", "allow_pickle", "args", "self", "é"))
    }
    write_npz(tmp_path / "a.npz", arrays)
    with np.load(tmp_path / "a.npz") as found:
        assert set(found.files) == set(arrays) and all(
            np.array_equal(found[n], x) for n, x in arrays.items()
        )


def test_arguments_called_path_text_and_settings(tmp_path: Path) -> None:
    text = (
        "model m(path, text, settings, self) { visible v[path] : binary  hidden h[text] : binary "
        " energy = - settings v[i] h[j] - self v[i] }"
    )
    sizes = {"path": 2, "text": 3, "settings": 0.5, "self": 1}
    (tmp_path / "m.bm").write_text(text, encoding="utf-8")
    shapes = [str(g) for g in bmdsl.parse(text, **sizes).checked.groups]
    assert (
        shapes == ["v[2]", "h[3]"]
        and [str(g) for g in bmdsl.load(tmp_path / "m.bm", **sizes).bind(**sizes).checked.groups]
        == shapes
    )
