"""Every registered unit type against exact sums or the normal distribution: mean, variance, the
whole distribution, far fields.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as st

from bmdsl import units
from bmdsl.language.diagnostics import BmError
from bmdsl.language.vocabulary import Option
from bmdsl.units.conformance import example_arguments, problems
from bmdsl.units.scalars import normal_quantile, sigmoid

ETAS = (-30.0, -4.0, -1.0, -0.1, 0.0, 0.7, 2.0, 8.0, 40.0)
DRAWS = 40_000
SCALAR = [n for n in units.names() if units.get(n).states is None]
FINITE = [n for n in SCALAR if units.get(n).support(*example_arguments(units.get(n))) is not None]
P = 1e-6


@pytest.mark.parametrize("name", units.names())
def test_a_built_in_type_conforms(name: str) -> None:
    assert list(problems(units.get(name))) == []


@pytest.mark.parametrize("eta", ETAS)
@pytest.mark.parametrize("name", FINITE)
def test_moments_equal_the_sum_over_the_support(name: str, eta: float) -> None:
    unit = units.get(name)
    a = example_arguments(unit)
    x = unit.support(*a)
    w = np.array([eta * v + unit.log_base(v, *a) for v in x])
    log_z = w.max() + math.log(np.exp(w - w.max()).sum())
    p = np.exp(w - log_z)
    assert unit.log_partition(eta, *a) == pytest.approx(log_z, rel=1e-13, abs=1e-13)
    assert unit.mean(eta, *a) == pytest.approx((p * x).sum(), rel=1e-11, abs=1e-14)
    assert unit.variance(eta, *a) == pytest.approx(
        (p * (x - (p * x).sum()) ** 2).sum(), rel=1e-7, abs=1e-12
    )


@pytest.mark.parametrize("eta", [-4.0, -1.0, 0.0, 0.7, 2.0])
@pytest.mark.parametrize("name", FINITE)
def test_draws_have_the_whole_distribution(name: str, eta: float) -> None:
    unit = units.get(name)
    a = example_arguments(unit)
    x = unit.support(*a)
    u = np.random.default_rng(1).random(DRAWS)
    drawn = np.array([unit.sample(eta, v, *a) for v in u])
    w = np.array([eta * v + unit.log_base(v, *a) for v in x])
    p = np.exp(w - w.max()) / np.exp(w - w.max()).sum()
    counts = np.array([(drawn == v).sum() for v in x])
    keep = p * DRAWS > 5
    assert counts.sum() == DRAWS
    assert (
        st.chisquare(
            np.append(counts[keep], counts[~keep].sum()) if (~keep).any() else counts[keep],
            (
                np.append(p[keep], p[~keep].sum()) * DRAWS
                if (~keep).any()
                else p[keep] / p[keep].sum() * DRAWS
            ),
        ).pvalue
        > P
    )


@pytest.mark.parametrize(
    ("eta", "eta2", "sigma"), [(0.0, 0.0, 1.0), (2.0, 0.0, 0.5), (-3.0, -0.7, 2.0), (1.0, 0.1, 1.5)]
)
def test_gaussian_is_the_normal_distribution_it_should_be(
    eta: float, eta2: float, sigma: float
) -> None:
    unit = units.get("gaussian")
    precision = 1 / sigma**2 - 2 * eta2
    drawn = [unit.sample(eta, eta2, u, sigma) for u in np.random.default_rng(2).random(20_000)]
    assert st.kstest(drawn, st.norm(eta / precision, precision**-0.5).cdf).pvalue > P
    x = np.linspace(
        eta / precision - 12 * precision**-0.5, eta / precision + 12 * precision**-0.5, 20_001
    )
    density = np.exp([eta * v + eta2 * v * v + unit.log_base(v, sigma) for v in x])
    assert unit.log_partition(eta, eta2, sigma) == pytest.approx(
        math.log(np.trapezoid(density, x)), abs=1e-9
    )
    assert unit.mean_square(eta, eta2, sigma) == pytest.approx(
        np.trapezoid(density * x * x, x) / np.trapezoid(density, x), rel=1e-9
    )


def test_the_normal_quantile_is_that_of_scipy():
    u = np.concatenate(
        [np.logspace(-300, -1, 400), np.linspace(0.01, 0.99, 400), 1 - np.logspace(-15, -1, 200)]
    )
    np.testing.assert_allclose(
        [normal_quantile(x) for x in u], st.norm.ppf(u), rtol=2e-14, atol=1e-15
    )


def test_categorical_draws_and_moments():
    unit = units.get("categorical")
    eta = np.array([0.3, -1.0, 2.0, -50.0])
    p = np.exp(eta - eta.max()) / np.exp(eta - eta.max()).sum()
    mean, draw, counts = np.empty(4), np.empty(4), np.zeros(4)
    unit.mean(eta, mean)
    np.testing.assert_allclose(mean, p, rtol=1e-14)
    for u in np.random.default_rng(3).random(DRAWS):
        unit.sample(eta, u, draw)
        counts += draw
    assert counts[3] == 0 and st.chisquare(counts[:3], p[:3] / p[:3].sum() * DRAWS).pvalue > P


@pytest.mark.parametrize("eta", [-1e4, 1e4, -700.0, 700.0])
@pytest.mark.parametrize("name", SCALAR)
def test_far_fields_neither_overflow_nor_leave_the_domain(name: str, eta: float) -> None:
    unit = units.get(name)
    a = example_arguments(unit)
    more = (0.0,) if "x^2" in unit.statistics else ()
    for part in (unit.log_partition, unit.mean, unit.variance):
        assert math.isfinite(part(eta, *more, *a))
    for u in (6e-8, 0.5, 1 - 6e-8):
        assert unit.contains(np.array([unit.sample(eta, *more, u, *a)]), *a).all()


def test_far_fields_of_a_one_of_k_type():
    unit, out = units.get("categorical"), np.empty(3)
    for eta in (np.array([1e4, -1e4, 0.0]), np.array([-1e4, -1e4, -1e4])):
        unit.mean(eta, out)
        assert out.sum() == pytest.approx(1) and math.isfinite(unit.log_partition(eta))
        unit.sample(eta, 1 - 6e-8, out)
        assert out.sum() == 1


# ---------------------------------------------------------------- types of one's own


class Half(units.UnitType):
    """A binary unit under another name, right in every part."""

    name = "half"
    domain = "{0, 1}"
    log_partition = staticmethod(lambda eta: math.log1p(math.exp(eta)))
    mean = staticmethod(lambda eta: sigmoid(eta))
    variance = staticmethod(lambda eta: sigmoid(eta) * sigmoid(-eta))
    sample = staticmethod(lambda eta, u: 1.0 if u < sigmoid(eta) else 0.0)
    log_base = staticmethod(lambda x: 0.0)

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.array([0.0, 1.0])

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return (x == 0) | (x == 1)


def wrong(**changes: object) -> type[units.UnitType]:
    return type("Wrong", (Half,), {"name": "wrong", **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": staticmethod(lambda eta: 0.5)}, "`mean` gives 0.5, but A′"),
        ({"variance": staticmethod(lambda eta: 1.0)}, "`variance` gives 1"),
        (
            {"sample": staticmethod(lambda eta, u: 1.0 if u > sigmoid(eta) else 0.0)},
            "`sample` gives",
        ),
        ({"sample": staticmethod(lambda eta, u: u)}, "`sample` leaves the domain"),
        ({"log_base": staticmethod(lambda x: x)}, "the sum over `support`"),
        ({"log_partition": None}, "it has no `log_partition`"),
        (
            {"contains": classmethod(lambda cls, x, *a: np.ones(len(x), bool))},
            "`contains` accepts NaN",
        ),
        ({"mean": staticmethod(lambda: 0.0)}, "cannot be evaluated"),
        ({"options": (Option("N", "integer", 3),)}, "cannot be evaluated"),
    ],
)
def test_a_type_that_contradicts_itself_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BmError, match="BM852") as caught:
        units.register(wrong(**changes))
    assert message in str(caught.value)
    assert "wrong" not in units.names()


def test_a_sound_type_has_no_problem():
    assert list(problems(Half)) == []
