"""Simple models beside a machine, against their likelihoods maximized and written out by other
means.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, norm

import bmdsl
from bmdsl import units
from bmdsl.inference.baselines import (
    GAUSSIAN,
    INDEPENDENT,
    Baseline,
    baselines,
    one_gaussian,
    verdict,
)
from bmdsl.inference.correlations import unexplained

CASES = 400


def _machine(name: str) -> bmdsl.Machine:
    unit = units.get(name)
    given = ", ".join(f"{o.name} = 3" for o in unit.options if o.required)
    energy = "- b[k] v[k]" if unit.states else "- b v"
    text = f"model u {{ visible v : {name}({given})  param b init 0.2  energy = {energy} }}"
    return bmdsl.parse(text.replace("()", "")).compile(seed=3, dtype="float64")


def _best(machine: bmdsl.Machine, x: np.ndarray) -> float:
    """Largest mean of η·t(x) − A(η) over η, then the base measure's mean."""
    g = machine.program.plan.group("v")
    unit, arguments = g.unit, g.arguments
    count = 2 if g.square else x.shape[1]

    def loss(eta: np.ndarray) -> float:
        if unit.states is not None:
            return float(unit.log_partition(eta) - x.mean(0) @ eta)
        try:
            a = unit.log_partition(*eta, *arguments)
        except (ValueError, ZeroDivisionError):
            return 1e9
        return float(a - sum(e * (x ** (k + 1)).mean() for k, e in enumerate(eta)))

    found = minimize(
        loss,
        np.full(count, -0.1),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000},
    )
    base = (
        0.0
        if unit.states is not None
        else np.mean([unit.log_base(float(v), *arguments) for v in x.ravel()])
    )
    return float(base - found.fun)


@pytest.mark.parametrize("name", units.names())
def test_independent_units_of_every_type_are_fitted_by_likelihood(name: str) -> None:
    m = _machine(name)
    if units.get(name).components is not None:
        pytest.skip("a vector's fields are not fitted")
    v = m.sample(CASES, steps=1)["v"]
    (found,) = baselines(m, {"v": v})
    best = _best(m, v.reshape(CASES, -1))
    assert found.name == INDEPENDENT
    # one more case at no field pulls bounded units by at most that case's share
    assert best - 3 / CASES < found.log_likelihood < best + 1e-6


def test_units_never_seen_on_are_not_impossible() -> None:
    m = _machine("binary")
    (found,) = baselines(m, {"v": np.ones((4, 1))}, {"v": np.zeros((9, 1))})
    assert found.log_likelihood == pytest.approx(np.log(0.5 / 10))


def _real(extra: str = "", energy: str = "") -> bmdsl.Machine:
    return bmdsl.parse(
        f"model g {{ visible v[3] : gaussian {extra} param b init 0  energy = - b[i] v[i]"
        f" {energy} }}"
    ).compile(dtype="float64")


def test_one_gaussian_is_that_of_the_moments() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3)) @ rng.normal(size=(3, 3)) + [0, 5, -3]
    found = {b.name: b.log_likelihood for b in baselines(_real(), {"v": x})}
    assert found[INDEPENDENT] == pytest.approx(norm(x.mean(0), x.std(0)).logpdf(x).sum(1).mean())
    wanted = multivariate_normal(x.mean(0), np.cov(x.T, bias=True)).logpdf(x)
    assert found[GAUSSIAN] == pytest.approx(wanted.mean(), abs=1e-2)
    scaled = one_gaussian(x * [1, 1e4, 1e-3], x * [1, 1e4, 1e-3])
    assert scaled is not None and scaled.mean() == pytest.approx(found[GAUSSIAN] - np.log(10))
    few = one_gaussian(x[:3], x)  # a covariance of three rows has no inverse, a shrunk one has
    assert few is not None and np.isfinite(few).all()


def test_one_gaussian_stands_beside_independent_units_of_other_types() -> None:
    m = _real("visible s[2] : spin param a init 0", "- a[i] s[i]")
    rng = np.random.default_rng(1)
    x, s = rng.normal(size=(500, 3)), np.sign(rng.random((500, 2)) - 0.3)
    x[:, 1] += 2 * x[:, 0]
    found = baselines(m, {"v": x, "s": s})
    alone = [baselines(_machine("spin"), {"v": c[:, None]})[0].log_likelihood for c in s.T]
    joint = one_gaussian(x, x)
    assert (
        [b.name for b in found][0] == INDEPENDENT and "of v" in found[1].name and joint is not None
    )
    assert found[1].log_likelihood == pytest.approx(joint.mean() + sum(alone))


def test_what_the_others_leave_unexplained_is_the_spread_about_a_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4000, 3))
    x[:, 2] = x[:, 0] - 2 * x[:, 1] + 0.3 * rng.normal(size=4000)
    for k in range(3):
        others = np.column_stack([np.delete(x, k, 1), np.ones(len(x))])
        off = x[:, k] - others @ np.linalg.lstsq(others, x[:, k], rcond=None)[0]
        assert unexplained(x)[k] == pytest.approx(
            off.std(), rel=0.1
        )  # correlations are shrunk a little
    x[:, 1] = 7
    assert unexplained(x)[1] == 0 and np.isfinite(unexplained(x)).all()
    assert unexplained(x[:4]) == pytest.approx(x[:4].std(0))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (-9.0, "worse than independent units, by 4 nats"),
        (-4.0, "worse than one Gaussian, by 2 nats"),
        (-2.01, ""),
        (-1.0, ""),
        (None, ""),
    ],
)
def test_the_verdict_names_the_simplest_model_that_is_better(own: float | None, said: str) -> None:
    found = verdict(own, (Baseline(INDEPENDENT, -5.0), Baseline(GAUSSIAN, -2.0)))
    assert said in found and bool(found) == bool(said)


def test_a_trained_run_says_its_health_and_what_it_stands_beside() -> None:
    m = bmdsl.parse("""model r { visible v[4] : binary  hidden h[2] : binary  param W, b, c
        energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
        train { positive exact  negative pcd()  batch 20  epochs 3 } }""").compile(dtype="float64")
    run = m.train((np.random.default_rng(0).random((100, 4)) < 0.9).astype(float))
    assert run.health == run.metrics[-1]["health"]
    assert "Run of r: 3 epochs, 15 updates, done; " in repr(run)
    text = run.summary()
    assert "health" in text and "of independent units" in text and "log-likelihood" in text
    m.params["b"] = [-5] * 4  # the summary is that of the machine as it is now
    assert "the model is worse than independent units, by" in run.summary()
