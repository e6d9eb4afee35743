"""AIS, and chains, of Gaussian units whose bias on x² takes all of the base measure's precision:
couplings hold them together.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled


@pytest.mark.parametrize(
    "groups",
    [
        "visible x : gaussian  hidden z : categorical(2)",
        "hidden z : categorical(2)  visible x : gaussian",
    ],
)
def test_a_mixture_of_two_widths(groups: str) -> None:
    machine = bmdsl.parse(
        f"model m {{ {groups}  param lam[2]  energy = - 0.5 x^2 + 0.5 lam[k] x^2 z[k] }}"
    ).compile(dtype="float64")
    machine.params["lam"] = np.array([1.0, 2.0])
    exact = np.log(np.sqrt(2 * np.pi) * (1 + 0.5**0.5))
    assert machine.log_partition() == pytest.approx(exact)
    found = machine.log_partition("ais", chains=400, steps=200)
    assert (
        found.value == pytest.approx(exact, abs=6 * found.std_error + 1e-3)
        and found.std_error < 0.02
    )
    assert np.isfinite(machine.initial_state(50)["x"]).all()
    drawn = machine.sample(8000, steps=30)["z"][:, 0]
    assert drawn.mean() == pytest.approx(1 / (1 + 0.5**0.5), abs=5 * 0.5 / 8000**0.5)
