"""`base_slope` is the slope of `log_base`, for every type that has one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma as scipy_digamma

from bmdsl import units
from bmdsl.units.scalars import digamma

SETTINGS = {
    "gaussian": (0.7,),
    "rectified": (1.3,),
    "binomial": (5.0,),
    "multinary": (6.0, 0.5),
    "poisson": (),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_base_slope_is_the_slope_of_log_base(name: str) -> None:
    unit, arguments = units.get(name), SETTINGS[name]
    for x in (0.3, 1.7, 4.2):
        wanted = (unit.log_base(x + 1e-5, *arguments) - unit.log_base(x - 1e-5, *arguments)) / 2e-5
        assert unit.base_slope(x, *arguments) == pytest.approx(wanted, abs=1e-5)


def test_digamma_agrees_with_scipy() -> None:
    for x in np.geomspace(1e-3, 1e5, 60):
        assert digamma(float(x)) == pytest.approx(float(scipy_digamma(x)), abs=1e-9, rel=1e-12)
