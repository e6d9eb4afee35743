"""Experts: energies and gradients by brute force, every sampler against quadrature in two
dimensions or enumeration.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

import bmdsl
from bmdsl.runtime.expert_sampling import ExpertSampler
from tests import naive

PLANE = {
    "student": (
        "param a[3] init 1.5, W[2,3], c[3]  energy = + a[j] log1p(0.5 square(c[j] + W[i,j] x[i]))"
    ),
    "laplace": "param W[2,3], b  energy = + 1.3 * sum[j] abs(W[i,j] x[i]) - b[i] x[i]",
    "squares": "param W[2,2], b  energy = + 0.5 * sum[j] square(W[i,j] x[i]) - b[i] x[i]",
    "softplus": "param W[2,3], c[3]  energy = - sum[j] softplus(c[j] + W[i,j] x[i])",
    "logcosh_walls": "param W[2,3], c[3]  energy = + 2 * sum[j] logcosh(c[j] + W[i,j] x[i])",
    "two_kinds": (
        "param W[2,2], U[2,2]  energy = + 2 * sum[j] log1p(square(W[i,j] x[i])) - sum[j]"
        " logcosh(U[i,j] x[i])"
    ),
    "softplus_walls": "param W[2,3], c[3]  energy = + 2 * sum[j] softplus(c[j] + W[i,j] x[i])",
    "with_hidden": (
        "hidden h[2] : binary  param W[2,3], V  energy = + 1.5 * sum[j] log1p(0.5 square(W[i,j]"
        " x[i])) - V[i,j] x[i] h[j]"
    ),
}
HAMILTONIAN = ("logcosh_walls", "softplus_walls")


def plane(name: str, sigma: float = 2.0) -> bmdsl.Machine:
    m = bmdsl.parse(
        f"model m {{ visible x[2] : gaussian(sigma = {sigma}) {PLANE[name]} }}"
    ).compile(seed=3, backend="numba" if name == "with_hidden" else "reference")
    generator = np.random.default_rng(5)
    for p in m.params:
        m.params[p] = np.full(3, 1.5) if p == "a" else generator.normal(0, 0.8, m.params[p].shape)
    return m


def by_hand(m: bmdsl.Machine, x: np.ndarray) -> np.ndarray:
    """−log of the unnormalised density, written out from the text of each model."""
    name = next(
        n for n, text in PLANE.items() if m.model.terms and set(m.params) and _same(m, text)
    )
    p = {n: v.astype(np.float64) for n, v in m.params.items()}
    u = x @ p["W"] + p.get("c", 0.0)
    e = (x**2).sum(1) / 8
    if name == "student":
        return e + (p["a"] * np.log1p(0.5 * u**2)).sum(1)
    if name == "laplace":
        return e + 1.3 * np.abs(u).sum(1) - x @ p["b"]
    if name == "squares":
        return e + 0.5 * (u**2).sum(1) - x @ p["b"]
    if name == "softplus":
        return e - np.logaddexp(0, u).sum(1)
    if name == "logcosh_walls":
        return e + 2 * np.log(np.cosh(u)).sum(1)
    if name == "two_kinds":
        return e + 2 * np.log1p(u**2).sum(1) - np.log(np.cosh(x @ p["U"])).sum(1)
    if name == "softplus_walls":
        return e + 2 * np.logaddexp(0, u).sum(1)
    return e + 1.5 * np.log1p(0.5 * u**2).sum(1) - np.logaddexp(0, x @ p["V"]).sum(1)


def _same(m: bmdsl.Machine, text: str) -> bool:
    return (
        bmdsl.parse(f"model m {{ visible x[2] : gaussian(sigma = 2) {text} }}").checked.terms
        == m.model.terms
    )


@pytest.mark.parametrize("name", PLANE)
def test_the_free_energy_is_the_formula(name: str) -> None:
    m = plane(name)
    x = np.random.default_rng(0).normal(0, 2, (20, 2))
    np.testing.assert_allclose(m.free_energy(x=x), by_hand(m, x), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", PLANE)
def test_samples_agree_with_quadrature(name: str) -> None:
    m = plane(name)
    found = m.sample(6000, steps=60)["x"].astype(np.float64)
    grid = np.linspace(-16, 16, 641)
    at = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)
    p = np.exp(-by_hand(m, at))
    p = (p / p.sum()).reshape(641, 641)
    for axis in (0, 1):
        density = p.sum(1 - axis)
        cuts = np.interp(np.arange(1, 20) / 20, np.cumsum(density) - density / 2, grid)
        counts = np.bincount(np.searchsorted(cuts, found[:, axis]), minlength=20)
        assert stats.chisquare(counts).pvalue > 1e-6, (name, axis, counts)
    both = found.sum(1)
    order = np.argsort(at.sum(1), kind="stable")
    total = np.cumsum(p.ravel()[order])
    cuts = at.sum(1)[order][np.searchsorted(total, np.arange(1, 10) / 10)] + 1e-9
    assert stats.chisquare(np.bincount(np.searchsorted(cuts, both), minlength=10)).pvalue > 1e-6


def test_which_way_a_group_is_drawn_follows_from_its_experts() -> None:
    for name in PLANE:
        m = plane(name)
        sampler = ExpertSampler(m.program, m.program.couple(m.params), "x")
        state = {n: np.zeros((4, m.program.sizes[n]), np.float32) for n in m.program.sizes}
        sampler.draw(state, np.empty((0, 0), np.float32), (1, 2, 3, 4), None, False)
        assert bool(sampler.accepted) == (name in HAMILTONIAN), name


@pytest.mark.parametrize("name", PLANE)
def test_the_gradient_is_the_slope_of_the_energy(name: str) -> None:
    text = f"model m {{ visible x[2] : gaussian(sigma = 2) {PLANE[name]} }}"
    m = bmdsl.parse(text).compile(seed=3, dtype="float64", backend="reference")
    generator = np.random.default_rng(5)
    for p in m.params:
        m.params[p] = generator.normal(0, 0.8, m.params[p].shape)
    rows = {n: generator.normal(0, 1, (3, size)) for n, size in m.program.sizes.items()}
    w = np.array([0.2, 0.5, 0.3])
    out = {n: np.zeros_like(x) for n, x in m.params.items()}
    m.program.accumulate(m.params, rows, w, out, 2.0)
    for p, array in m.params.items():
        for at in np.ndindex(array.shape):
            wanted = naive.slope(
                array,
                at,
                lambda: 2.0 * float(w @ m.program.minus_energy(m.program.couple(m.params), rows)),
            )
            assert out[p][at] == pytest.approx(wanted, abs=1e-6), (p, at)
    f = m.program.couple(m.params)
    for e, arrays in f.experts:
        x, slope = rows["x"], e.slope(arrays, rows, "x")
        for i in range(2):
            step = np.zeros_like(x)
            step[:, i] = 1e-5
            wanted = (
                e.energy(arrays, rows | {"x": x + step}) - e.energy(arrays, rows | {"x": x - step})
            ) / 2e-5
            np.testing.assert_allclose(slope[:, i], wanted, atol=1e-6)


STATES = {
    "rbm_summed_out": (
        "binary",
        "param b, W[4,3], c[3]  energy = - b[i] v[i] - sum[j] softplus(c[j] + W[i,j] v[i])",
    ),
    "spins": ("spin", "param W[4,3]  energy = - sum[j] logcosh(W[i,j] v[i])"),
    "squares_of_spins": (
        "spin",
        "param W[4,2], b  energy = - 0.3 * sum[j] square(W[i,j] v[i]) - b[i] v[i]",
    ),
    "counts": ("binomial(2)", "param W[4,2]  energy = + sum[j] abs(W[i,j] v[i])"),
}


@pytest.mark.compiled
@pytest.mark.parametrize("name", STATES)
def test_units_of_few_states_are_drawn_from_the_model(name: str) -> None:
    unit, text = STATES[name]
    m = bmdsl.parse(f"model m {{ visible v[4] : {unit} {text} }}").compile(seed=3, dtype="float64")
    generator = np.random.default_rng(5)
    for p in m.params:
        m.params[p] = generator.normal(0, 0.8, m.params[p].shape)
    support = m.program.plan.group("v").unit.support(*m.program.plan.group("v").arguments)
    every = np.array(list(itertools.product(support, repeat=4)))
    p = np.exp(-m.free_energy(v=every) - float(m.log_partition()))
    assert p.sum() == pytest.approx(1.0)
    found = m.sample(8000, steps=40)["v"]
    place = {tuple(x): k for k, x in enumerate(every)}
    counts = np.bincount([place[tuple(x)] for x in found], minlength=len(every))
    order = np.argsort(p)
    wanted = p * len(found)
    few = np.cumsum(wanted[order]) < 10  # rare states together
    kept = order[~few]
    assert (
        stats.chisquare(
            [counts[order[few]].sum() + 1e-9, *counts[kept]] if few.any() else counts[kept],
            [wanted[order[few]].sum() + 1e-9, *wanted[kept]] if few.any() else wanted[kept],
            sum_check=False,
        ).pvalue
        > 1e-6
    )


def test_softplus_experts_are_the_rbm_with_its_hidden_units_summed_out() -> None:
    rbm = bmdsl.load("rbm", D=5, H=3).compile(seed=1, dtype="float64")
    summed = bmdsl.parse("""model s { visible v[5] : binary  param W[5,3], b, c[3]
      energy = - b[i] v[i] - sum[j] softplus(c[j] + W[i,j] v[i]) }""").compile(dtype="float64")
    for n in ("W", "b", "c"):
        rbm.params[n] = np.random.default_rng(0).normal(0, 1, rbm.params[n].shape)
        summed.params[n] = rbm.params[n]
    v = np.array(list(itertools.product((0.0, 1.0), repeat=5)))
    np.testing.assert_allclose(summed.free_energy(v=v), rbm.free_energy(v=v), atol=1e-9)
    assert float(summed.log_partition()) == pytest.approx(float(rbm.log_partition()))
    a, b = rbm.gradient(v[::4]), summed.gradient(v[::4])
    for n in a:
        np.testing.assert_allclose(a[n], b[n], atol=1e-9)


def test_a_product_of_gaussians_is_the_gaussian_of_its_closed_form() -> None:
    m = plane("squares")
    w, b = m.params["W"].astype(np.float64), m.params["b"].astype(np.float64)
    precision = np.eye(2) / 4 + w @ w.T
    found = m.sample(20_000, steps=5)["x"].astype(np.float64)
    covariance = np.linalg.inv(precision)
    np.testing.assert_allclose(
        found.mean(0), covariance @ b, atol=4 * math.sqrt(covariance.max() / 20_000)
    )
    np.testing.assert_allclose(
        np.cov(found.T), covariance, atol=6 * covariance.max() / math.sqrt(20_000)
    )


@pytest.mark.parametrize("name", ["student", "logcosh_walls", "with_hidden"])
def test_annealed_importance_sampling_agrees_with_quadrature(name: str) -> None:
    m = plane(name)
    grid = np.linspace(-16, 16, 801)
    at = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)
    exact = math.log(np.exp(-by_hand(m, at)).sum() * (grid[1] - grid[0]) ** 2)
    found = m.log_partition("ais", chains=500, steps=200, reverse=False)
    assert abs(found.value - exact) < 4 * found.std_error + 0.01


def test_observed_entries_stay_and_the_rest_follows_them() -> None:
    m = plane("student")
    clamp = np.full((4000, 2), np.nan)
    clamp[:, 0] = 1.2
    found = m.sample(4000, steps=60, clamp={"x": clamp})["x"].astype(np.float64)
    assert (found[:, 0] == np.float32(1.2)).all()
    grid = np.linspace(-16, 16, 3201)
    p = np.exp(-by_hand(m, np.stack([np.full_like(grid, 1.2), grid], 1)))
    p /= p.sum()
    cuts = np.interp(np.arange(1, 10) / 10, np.cumsum(p) - p / 2, grid)
    assert (
        stats.chisquare(np.bincount(np.searchsorted(cuts, found[:, 1]), minlength=10)).pvalue > 1e-6
    )


def test_what_cannot_be_compiled_says_so() -> None:
    for text, said in (
        (
            (
                "visible x[2] : exponential(max = 1) param W[2,2] energy = + sum[j] square(W[i,j]"
                " x[i])"
            ),
            "BM861.*gaussian",
        ),
        (
            (
                "visible x[2] : gaussian  hidden h : binary param W[2] energy = + h"
                " log1p(square(W[i] x[i]))"
            ),
            "BM318",
        ),
        (
            (
                "visible x[2] : spin param W[2], U symmetric energy = + square(W[i] x[i]) - U[i,j]"
                " x[i] x[j] for i < j"
            ),
            "BM861.*meet in products",
        ),
    ):
        with pytest.raises(bmdsl.BmError, match=said):
            bmdsl.parse(f"model m {{ {text} }}").compile().sample(2, steps=1)
