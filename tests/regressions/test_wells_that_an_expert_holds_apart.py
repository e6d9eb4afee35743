"""phi^4 with two wells, x^4 - x^2, was refused: "the joint precision of `x` has the
eigenvalue -1".
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

import bmdsl
from tests.stats import verify_mean

X = np.linspace(-7, 7, 4001)


@pytest.mark.parametrize(
    ("energy", "written"),
    [
        ("sum[i] square(square(x[i])) - sum[i] square(x[i])", X**4 - X**2),
        (
            "0.1 * sum[i] square(square(x[i])) - 2 x[i]^2 - 0.3 x[i]",
            0.1 * X**4 - 2 * X**2 - 0.3 * X,
        ),
    ],
)
def test_one_site(energy: str, written: np.ndarray) -> None:
    m = bmdsl.parse(f"model m {{ visible x[2] : gaussian  energy = {energy} }}").compile(
        seed=0, dtype="float64", backend="reference"
    )
    p = np.exp(-written - X**2 / 2)
    p /= p.sum()
    drawn = m.sample(1500, steps=80)["x"]
    for power in (1, 2, 4):
        verify_mean(drawn[:, 0] ** power, p @ X**power)
    found = m.log_partition("ais", chains=60, steps=60)
    assert (
        abs(found.value - 2 * (logsumexp(-written - X**2 / 2) + np.log(X[1] - X[0])))
        < 6 * found.std_error
    )


def test_a_ring_of_coupled_sites() -> None:
    energy = (
        "sum[i] square(square(x[i])) - 2 x[i]^2 + 0.4 * sum[i] square(x[i] - x[wrap(i+1)]) - 0.2"
        " x[0]"
    )
    machine = bmdsl.parse(f"model m {{ visible x[3] : gaussian  energy = {energy} }}").compile(
        seed=1, dtype="float64", backend="reference"
    )
    x = np.linspace(-3, 3, 61)
    a = np.array(np.meshgrid(x, x, x, indexing="ij")).reshape(3, -1).T
    w = (
        -(a**4).sum(1)
        + 1.5 * (a**2).sum(1)
        - 0.4 * ((a - np.roll(a, -1, 1)) ** 2).sum(1)
        + 0.2 * a[:, 0]
    )
    p = np.exp(w - logsumexp(w))
    drawn = machine.sample(1500, steps=80)["x"]
    verify_mean(drawn[:, 0], p @ a[:, 0])
    verify_mean(drawn[:, 0] * drawn[:, 1], p @ (a[:, 0] * a[:, 1]))
    verify_mean(drawn[:, 2] ** 2, p @ a[:, 2] ** 2)
