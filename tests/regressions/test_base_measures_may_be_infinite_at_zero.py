"""Summing a group out asked its base measure at 0, which need not be one of its states: a raw
error, or NaN.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from tests.inference.own_units import Late


def test_units_of_one_and_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """x ∈ {1, 2} with weights 2 and 1/2, and a spin that pulls at it."""
    units.names()
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    units.register(Late)
    m = bmdsl.parse("model m { visible s : spin  hidden x : late  energy = - s x }").compile(
        dtype="float64", backend="reference"
    )
    wanted = [np.log(2 * np.exp(s) + 0.5 * np.exp(2 * s)) for s in (-1, 1)]
    np.testing.assert_allclose(-m.free_energy(s=np.array([-1.0, 1.0])), wanted)
    assert m.log_partition() == pytest.approx(np.logaddexp(*wanted))
