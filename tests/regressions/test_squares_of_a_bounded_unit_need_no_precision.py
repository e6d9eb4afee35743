"""A user's unit of states -1, 0, 1 with the statistic x^2 (Blume & Capel's) was refused: "the
precision of `s[0]` can be -2".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.special import logsumexp

import bmdsl
from bmdsl import units
from bmdsl.units import UnitType
from bmdsl.units.scalars import exp, log
from tests.stats import verify_counts


def _log_z(eta, eta2):
    a = abs(eta) + eta2
    m = max(a, 0.0)
    return m + log(exp(-m) + exp(a - m) * (1.0 + exp(-2.0 * abs(eta))))


class Vacant(UnitType):
    """x in {-1, 0, 1} with statistics x and x^2."""

    name, summary, domain, statistics, reduces = (
        "vacant",
        "down, absent or up",
        "{-1, 0, +1}",
        ("x", "x^2"),
        {3: 1, 4: 2},
    )

    def log_partition(eta, eta2):
        return _log_z(eta, eta2)

    def mean(eta, eta2):
        z = _log_z(eta, eta2)
        return exp(eta + eta2 - z) - exp(eta2 - eta - z)

    def mean_square(eta, eta2):
        z = _log_z(eta, eta2)
        return exp(eta + eta2 - z) + exp(eta2 - eta - z)

    def variance(eta, eta2):
        z = _log_z(eta, eta2)
        m = exp(eta + eta2 - z) - exp(eta2 - eta - z)
        return exp(eta + eta2 - z) + exp(eta2 - eta - z) - m * m

    def sample(eta, eta2, u):
        z = _log_z(eta, eta2)
        down = exp(eta2 - eta - z)
        return -1.0 if u < down else 0.0 if u < down + exp(-z) else 1.0

    def support():
        return np.array([-1.0, 0.0, 1.0])

    def contains(x):
        return (x == -1) | (x == 0) | (x == 1)


@pytest.fixture(autouse=True)
def vacant() -> Iterator[None]:
    units.register(Vacant)
    yield
    units._registry.pop("vacant", None)


def test_alone() -> None:
    m = bmdsl.parse("model m { visible s[3] : vacant  param D  energy = D s[i]^2 }").compile(
        dtype="float64", backend="reference"
    )
    m.params["D"] = -1.0
    assert m.log_partition() == pytest.approx(3 * np.log(1 + 2 * np.e), abs=1e-12)


def test_on_a_ring() -> None:
    m = bmdsl.parse(
        "model m { visible s[4] : vacant  energy = - 0.8 s[i] s[wrap(i+1)] - 0.5 s[i]^2 - 0.2"
        " s[0] }"
    ).compile(dtype="float64", seed=2, backend="reference")
    states = np.array(np.meshgrid(*[[-1.0, 0, 1]] * 4, indexing="ij")).reshape(4, -1).T
    w = (
        0.8 * (states * np.roll(states, -1, 1)).sum(1)
        + 0.5 * (states**2).sum(1)
        + 0.2 * states[:, 0]
    )
    assert m.log_partition() == pytest.approx(logsumexp(w), abs=1e-10)
    drawn = m.sample(1500, steps=30)["s"]
    code = ((drawn + 1) @ 3 ** np.arange(3, -1, -1)).astype(int)
    verify_counts(np.bincount(code, minlength=81), np.exp(w - logsumexp(w)))
