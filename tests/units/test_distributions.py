"""Unit types without a finite support against quadrature and exact sums, as plain functions and as
compiled single-precision kernels.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special
from scipy import stats as st

import bmdsl
from bmdsl import units
from bmdsl.units.scalars import dilogarithm, erfcx

P = 1e-6
DRAWS = 40_000
RECTIFIED = [
    (eta, eta2, sigma)
    for eta in (-40.0, -6.0, -1.0, 0.0, 2.0, 9.0)
    for eta2, sigma in ((0.0, 1.0), (-0.6, 0.5), (0.1, 1.5))
]


def integral(values: np.ndarray, x: np.ndarray) -> float:
    return float(np.trapezoid(values, x))


def check_density(
    unit: type[units.UnitType], eta: tuple[float, ...], a: tuple[float, ...], x: np.ndarray
) -> np.ndarray:
    """Moments against the density's integrals over x; returns the distribution function on x."""
    base = np.array([unit.log_base(v, *a) for v in x.tolist()])
    log_p = base + sum(e * x**p for p, e in enumerate(eta, 1))
    p = np.exp(log_p - log_p.max())
    z = integral(p, x)
    mean = integral(p * x, x) / z
    assert unit.log_partition(*eta, *a) == pytest.approx(log_p.max() + math.log(z), abs=1e-6)
    assert unit.mean(*eta, *a) == pytest.approx(mean, rel=1e-6)
    assert unit.variance(*eta, *a) == pytest.approx(integral(p * (x - mean) ** 2, x) / z, rel=1e-6)
    if "x^2" in unit.statistics:
        assert unit.mean_square(*eta, *a) == pytest.approx(integral(p * x * x, x) / z, rel=1e-6)
    steps = np.diff(x) * (p[1:] + p[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)]) / z


def draws(unit: type[units.UnitType], eta: tuple[float, ...], a: tuple[float, ...]) -> np.ndarray:
    return np.array([unit.sample(*eta, u, *a) for u in np.random.default_rng(4).random(DRAWS)])


@pytest.mark.parametrize(("eta", "eta2", "sigma"), RECTIFIED)
def test_rectified_is_the_gaussian_cut_off_at_zero(eta: float, eta2: float, sigma: float) -> None:
    unit = units.get("rectified")
    precision = 1 / sigma**2 - 2 * eta2
    width = 1 / max(math.sqrt(precision), -eta) if eta < 0 else precision**-0.5
    x = np.linspace(0, max(0.0, eta / precision) + 40 * width, 400_001)
    cdf = check_density(unit, (eta, eta2), (sigma,), x)
    assert st.kstest(draws(unit, (eta, eta2), (sigma,)), lambda v: np.interp(v, x, cdf)).pvalue > P


@pytest.mark.parametrize("m", [1.0, 3.0])
@pytest.mark.parametrize("eta", [-200.0, -5.0, -0.02, -1e-6, 0.0, 1e-4, 0.03, 1.0, 30.0])
def test_exponential_is_the_density_it_says(eta: float, m: float) -> None:
    unit = units.get("exponential")
    x = np.linspace(0, m, 400_001)
    cdf = check_density(unit, (eta,), (m,), x)
    assert st.kstest(draws(unit, (eta,), (m,)), lambda v: np.interp(v, x, cdf)).pvalue > P


@pytest.mark.parametrize("eta", [-6.0, -1.0, 0.0, 2.0, 6.0, 9.0, 9.5, 14.0])
def test_poisson_draws_have_the_poisson_distribution(eta: float) -> None:
    unit = units.get("poisson")
    rate = math.exp(eta)
    assert (unit.log_partition(eta), unit.mean(eta), unit.variance(eta)) == (rate, rate, rate)
    assert unit.log_base(7.0) == pytest.approx(-math.log(math.factorial(7)))
    drawn = draws(unit, (eta,), ())
    assert (drawn == np.floor(drawn)).all() and drawn.min() >= 0
    edges = np.unique(st.poisson.ppf(np.linspace(0.02, 0.98, 25), rate))
    found = np.bincount(np.searchsorted(edges, drawn), minlength=len(edges) + 1)
    p = np.diff(np.concatenate([[0.0], st.poisson.cdf(edges, rate), [1.0]]))
    assert (
        st.chisquare(
            found[p > 1e-3], p[p > 1e-3] / p[p > 1e-3].sum() * found[p > 1e-3].sum()
        ).pvalue
        > P
    )


@pytest.mark.parametrize(("n", "gain"), [(6, 0.5), (10, 1.0), (4, 2.0), (255, 0.1)])
@pytest.mark.parametrize("eta", [-30.0, -1.0, 0.3, 2.0])
def test_multinary_is_a_count_of_whole_copies(eta: float, n: int, gain: float) -> None:
    unit = units.get("multinary")
    support = unit.support(n, gain)
    w = np.array([eta * x + unit.log_base(x, n, gain) for x in support])
    p = np.exp(w - special.logsumexp(w))
    assert unit.log_partition(eta, n, gain) == pytest.approx(
        special.logsumexp(w), rel=1e-11, abs=1e-12
    )
    assert unit.mean(eta, n, gain) == pytest.approx(p @ support, rel=1e-9)
    assert unit.variance(eta, n, gain) == pytest.approx(
        p @ support**2 - (p @ support) ** 2, rel=1e-6, abs=1e-12
    )
    drawn = draws(unit, (eta,), (n, gain))
    found = np.array([(np.abs(drawn - x) < 1e-9).sum() for x in support])
    keep = p * DRAWS > 5
    assert found.sum() == DRAWS
    if keep.sum() > 1:
        assert st.chisquare(found[keep], p[keep] / p[keep].sum() * found[keep].sum()).pvalue > P


@pytest.mark.parametrize(
    ("n", "p"),
    [
        (400, 0.5),
        (2_000, 0.06),
        (1_200, 0.9),
        (65_025, 0.002),
        (65_025, 0.5),
        (65_025, 0.99),
        (100_000, 0.001005),
    ],
)
def test_a_binomial_draw_of_many_copies_inverts_the_distribution_function(n: int, p: float) -> None:
    law, within = st.binom(n, p), 3e-7
    counts = np.arange(int(law.ppf(1e-6)), int(law.ppf(1 - 1e-6)), max(1, n // 20_000))
    cdf = law.cdf(counts)
    eta = float(special.logit(p))
    sample = units.get("binomial").sample
    assert all(sample(eta, u, n) <= m for m, u in zip(counts, cdf - within, strict=True))
    assert all(sample(eta, u, n) > m for m, u in zip(counts, cdf + within, strict=True))


@pytest.mark.parametrize("eta", [-2.0, 0.0, 1.5])
def test_multinary_with_a_part_of_a_copy_keeps_its_mean(eta: float) -> None:
    unit = units.get("multinary")
    assert unit.support(10, 0.7) is None
    drawn = draws(unit, (eta,), (10, 0.7))
    assert drawn.min() >= 0 and drawn.max() <= 10
    assert drawn.mean() == pytest.approx(unit.mean(eta, 10, 0.7), abs=5 * drawn.std() / DRAWS**0.5)


@pytest.mark.parametrize("eta", [-8.0, -2.0, -0.3, 0.0, 0.5, 3.2, 40.7])
def test_nrelu_draws_are_those_of_its_copies(eta: float) -> None:
    """The sum of independent binary copies with biases η − ½, η − 3/2, …, its distribution by
    convolution.
    """
    unit = units.get("nrelu")
    p = np.array([1.0])
    for n in range(1, 100):
        on = special.expit(eta - n + 0.5)
        p = np.convolve(p, [1 - on, on])
    x = np.arange(len(p))
    if (
        eta < 5
        # the first values' probabilities are above the smallest number, and the 100th copy's below
        # rounding
    ):
        base = np.array([unit.log_base(float(v)) for v in x[:8]]) + eta * x[:8]
        np.testing.assert_allclose(np.diff(base), np.diff(np.log(p[:8])), atol=1e-9)
    drawn = draws(unit, (eta,), ())
    found = np.bincount(drawn.astype(int), minlength=len(p))[: len(p)]
    keep = p * DRAWS > 5
    assert (
        st.chisquare(found[keep], p[keep] / p[keep].sum() * found[keep].sum()).pvalue > P
        if keep.sum() > 1
        else found[keep].sum() > DRAWS - 20
    )
    assert unit.mean(eta) == pytest.approx(p @ x, abs=0.0106)
    assert unit.variance(eta) == pytest.approx(p @ x**2 - (p @ x) ** 2, abs=0.0106)


def test_nrelu_has_the_log_partition_that_its_mean_integrates_to():
    for eta in (-5.0, 0.0, 3.0, 50.0):
        x = np.linspace(-60, eta, 2_000_001)
        assert dilogarithm(eta) == pytest.approx(integral(np.logaddexp(0, x), x), rel=1e-9)


def test_erfcx_is_that_of_scipy():
    x = np.concatenate([np.linspace(-5, 30, 1001), np.logspace(1.5, 6, 50)])
    np.testing.assert_allclose([erfcx(v) for v in x], special.erfcx(x), rtol=2e-13)


@pytest.mark.parametrize("eta", [-1e4, -50.0, -5.0, 0.7, 4.0, 20.0])
@pytest.mark.parametrize(
    "name", ["rectified", "exponential", "nrelu", "multinary(20, gain = 0.5)", "poisson"]
)
def test_compiled_draws_have_the_mean_and_variance_that_the_type_says(
    name: str, eta: float
) -> None:
    """In single precision, through a machine of one group of many units."""
    machine = bmdsl.parse(
        f"model m {{ visible v[2000] : {name}  param b  energy = - b v[i] }}"
    ).compile()
    machine.params["b"] = eta
    drawn = machine.sample(20, steps=1)["v"].astype(float).ravel()
    unit, a = (
        units.get(name.split("(")[0]),
        {"multinary(20, gain = 0.5)": (20.0, 0.5), "rectified": (1.0,), "exponential": (1.0,)}.get(
            name, ()
        ),
    )
    fields = (eta, 0.0) if name == "rectified" else (eta,)
    if name == "poisson" and eta > 10:
        assert drawn.mean() == pytest.approx(math.exp(eta), rel=1e-3)
        return
    mean, variance = unit.mean(*fields, *a), unit.variance(*fields, *a)
    off = 0.0106 if name == "nrelu" else 0.0
    assert drawn.mean() == pytest.approx(
        mean, abs=off + 5 * (variance / len(drawn)) ** 0.5 + 1e-6 * abs(mean) + 1e-12
    )
    error = (np.mean((drawn - drawn.mean()) ** 4) / len(drawn)) ** 0.5
    assert drawn.var() == pytest.approx(variance, abs=off + 6 * error + 1e-3 * variance + 1e-9)
    assert np.isfinite(machine.conditional("v", v=drawn.reshape(20, 2000))).all()
