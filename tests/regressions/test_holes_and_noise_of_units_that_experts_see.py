"""`impute` and `denoise(noise=)` took means and draws of units that experts see from their fields
alone, without the experts.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


@pytest.fixture(scope="module")
def machine() -> bmdsl.Machine:
    """E = 2 (x0 − x1)² − 1.5 x0 beside e^{−x²/2}: a Gaussian of precision [[5, −4], [−4, 5]]."""
    m = bmdsl.parse(
        "model m { visible x[2] : gaussian  param W  energy = + 2 square(W[i] x[i]) - 1.5 x[0] }"
    ).compile(seed=0, dtype="float64")
    m.params["W"] = np.array([1.0, -1.0])
    return m


def test_a_hole_is_filled_with_the_conditional_mean(machine: bmdsl.Machine) -> None:
    cases = np.repeat([[1.0, 0.0]], 1000, 0)
    found = machine.impute(cases, np.array([False, True]), steps=60)[:, 1]
    assert found.mean() == pytest.approx(4 / 5, abs=6 * found.std() / np.sqrt(1000))


def test_noise_is_taken_off_by_the_joint_gaussian(machine: bmdsl.Machine) -> None:
    cases = np.repeat([[1.0, 0.0]], 1000, 0)
    found = machine.denoise(cases, noise=1.0, steps=100)
    wanted = np.linalg.solve(np.array([[5.0, -4], [-4, 5]]) + np.eye(2), [1.5 + 1.0, 0.0])
    assert (np.abs(found.mean(0) - wanted) < 6 * found.std(0) / np.sqrt(1000)).all()
