"""`__metadata__` is the one name that a safetensors file has for itself: a machine with such a
parameter could not be read again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import bmdsl


def test_a_machine_with_such_a_parameter_is_saved_and_opened(tmp_path: Path) -> None:
    machine = bmdsl.parse(
        "model m { visible v[2] : binary  param __metadata__  energy = - __metadata__[i] v[i] }"
    ).compile(dtype="float64")
    machine.params["__metadata__"] = np.array([1.0, 2.0])
    machine.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(
        bmdsl.open(tmp_path / "m.safetensors").params["__metadata__"], [1, 2]
    )
