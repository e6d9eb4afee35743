"""`peak` and `rest` are parts of `log_partition`, for every type that has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bmdsl
from bmdsl import units

NAMES = [n for n in units.names() if units.get(n).peak is not None]
ETAS = (-200.0, -88.0, -3.0, -1e-9, 0.0, 0.4, 20.0, 200.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("eta", ETAS)
def test_parts_make_the_log_partition(name: str, eta: float) -> None:
    unit = units.get(name)
    rest = unit.rest(eta)
    assert 1.0 <= rest <= 2.0
    assert unit.peak(eta) + math.log(rest) == pytest.approx(unit.log_partition(eta), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_peak_of_nan_is_nan(name: str) -> None:
    assert math.isnan(units.get(name).peak(math.nan))


@pytest.mark.parametrize("name", ["binary", "spin"])
def test_sums_over_thousands_of_units_are_those_of_logarithms(name: str) -> None:
    """More units than one logarithm is taken for, and a number of them that fills no register."""
    assert name in NAMES
    model = bmdsl.parse(
        f"model m {{ visible v[3] : binary  hidden h[9001] : {name}  param W, c"
        " energy = - c[j] h[j] - W[i,j] v[i] h[j] }",
    )
    machine = model.compile(seed=0)
    rng = np.random.default_rng(1)
    for x in machine.params.values():
        x[...] = rng.normal(0.0, 20.0, x.shape)
    v = np.array([[0, 0, 0], [1, 0, 1], [1, 1, 1]], float)
    eta = machine.params["c"].astype(float) + v @ machine.params["W"].astype(float)
    each = np.logaddexp(0.0, eta) if name == "binary" else np.logaddexp(eta, -eta)
    np.testing.assert_allclose(machine.free_energy(v=v), -each.sum(1), rtol=1e-6)
