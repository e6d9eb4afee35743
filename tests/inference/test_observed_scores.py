"""Scores, posteriors and reconstructions of what was seen, against sums over all states."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

import bmdsl
from bmdsl.inference.figures import figures
from bmdsl.inference.gaps import Gaps
from bmdsl.inference.likelihood import measure
from bmdsl.inference.observed_scores import scores

Array = np.ndarray
TEXTS = {
    "an RBM": "visible v[4] : binary  hidden h[3] : KIND  energy = - W[i,j] v[i] h[j] - b[i] v[i]",
    "a Boltzmann machine": (
        "visible v[4] : binary  hidden h[2] : KIND  param U symmetric  energy = - W[i,j] v[i] h[j]"
        " - b[i] v[i] - U[i,k] v[i] v[k] for i < k"
    ),
    "three layers": (
        "visible v[4] : binary  hidden h[2] : KIND  hidden g[2] : binary  energy = - W[i,j] v[i]"
        " h[j] - b[i] v[i] - R[j,k] h[j] g[k]"
    ),
}
HIDDEN = {"binary": (0.0, 1.0), "spin": (-1.0, 1.0)}


def made(text: str, kind: str) -> bmdsl.Machine:
    """A machine with parameters of some size."""
    names = "param W, b" + (", R" if "R[" in text else "")
    source = f"model m {{ {text.replace('KIND', kind).replace('energy', names + '  energy')} }}"
    m = bmdsl.parse(source).compile(dtype="float64", backend="reference")
    for k, (name, x) in enumerate(m.params.items()):
        value = np.random.default_rng(k).normal(0, 0.9, x.shape)
        m.params[name] = (value + value.T) * (1 - np.eye(len(x))) if name == "U" else value
    return m


def joint(m: bmdsl.Machine, kind: str) -> tuple[dict[str, Array], Array]:
    """All joint states and −E, by the terms as they are written above."""
    sizes = {g.name: int(g.axes[0]) for g in m.model.groups}
    supports = {n: (0.0, 1.0) if n != "h" else HIDDEN[kind] for n in sizes}
    every = np.array(
        list(itertools.product(*(supports[n] for n in sizes for _ in range(sizes[n]))))
    )
    ends = np.cumsum(list(sizes.values()))[:-1]
    x = dict(zip(sizes, np.split(every, ends, axis=1), strict=True))
    p = m.params
    w = np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"]) + x["v"] @ p["b"]
    if "U" in p:
        w = w + np.einsum("ni,ij,nj->n", x["v"], p["U"], x["v"]) / 2
    if "R" in p:
        w = w + np.einsum("nj,jk,nk->n", x["h"], p["R"], x["g"])
    return x, w


MACHINES = {(n, k): made(t, k) for n, t in TEXTS.items() for k in HIDDEN}


ENTRIES = st.sampled_from((0.0, 1.0, np.nan))
CASES = st.lists(st.lists(ENTRIES, min_size=4, max_size=4), min_size=1, max_size=4)


@given(st.sampled_from(sorted(MACHINES)), CASES)
@settings(max_examples=40, deadline=None)
def test_figures_of_cases_with_gaps_are_sums_over_all_states(
    which: tuple[str, str], cases: list[list[float]]
) -> None:
    m, v = MACHINES[which], np.array(cases)
    x, w = joint(m, which[1])
    fits = np.stack([(np.isnan(row) | (x["v"] == row)).all(1) for row in v])
    inside = np.where(fits, w, -np.inf)
    minus_f, log_z = logsumexp(inside, axis=1), logsumexp(w)
    found = scores(m, {"v": v})
    np.testing.assert_allclose(found.values, minus_f, atol=1e-9)
    assert not found.bound.any()
    p = np.exp(inside - minus_f[:, None])
    means = m.posterior(v=v)
    for n in m.hidden:
        np.testing.assert_allclose(means[n], p @ x[n], atol=1e-9)
    np.testing.assert_allclose(m.transform(v), np.hstack([p @ x[n] for n in m.hidden]), atol=1e-9)
    seen = ~np.isnan(v).all(1)
    made = figures(m, {"v": v}, "test")
    assert made.cases == seen.sum()
    if seen.any():
        assert made.free_energy == pytest.approx(-minus_f[seen].mean())
        assert made.log_likelihood == pytest.approx((minus_f[seen] - log_z).mean())
        part = measure(m, [("test", {"v": v})], 2, 2)
        assert part.value(part.parts[0]) == pytest.approx(made.log_likelihood)
        assert not part.bound
    if "RBM" in which[0] and seen.any():
        again = 1 / (1 + np.exp(-(p @ x["h"] @ m.params["W"].T + m.params["b"])))
        np.testing.assert_allclose(m.reconstruct(v), again, atol=1e-9)
        wanted = np.mean([np.nanmean((again[r] - v[r]) ** 2) for r in np.flatnonzero(seen)])
        assert made.reconstruction_error == pytest.approx(wanted)


def test_too_many_missing_units_are_bounded_and_it_is_said() -> None:
    """Beside cases that are whole, or miss little, whose numbers stay exact."""
    m = bmdsl.parse(
        "model m { visible v[60] : binary  hidden h[40] : binary  param W, b  energy = - W[i,j]"
        " v[i] h[j] - b[i] v[i] }"
    ).compile(dtype="float64", backend="reference")
    m.params["W"] = 0.2 * np.random.default_rng(0).standard_normal((60, 40))
    v = (np.random.default_rng(1).random((4, 60)) < 0.5).astype(float)
    whole = v.copy()
    v[1, :2] = np.nan
    v[2, :50] = np.nan
    v[3] = np.nan
    values, gaps = Gaps.of(m, {"v": v}).scored(m, {"v": v})
    assert list(gaps.bounded) == [False, False, True, False] and list(gaps.seen) == [
        True,
        True,
        True,
        False,
    ]
    assert values[0] == pytest.approx(-m.free_energy(v=whole[:1])[0])
    both = np.repeat(whole[1:2], 4, axis=0)
    both[:, :2] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert values[1] == pytest.approx(logsumexp(-m.free_energy(v=both)))
    assert values[2] == pytest.approx(m.variational_bound(v[2:3])[0])
    made = figures(m, {"v": v}, "test")
    assert (
        made.bound and made.cases == 3 and dict(made.rows())["free energy"].startswith("at most ")
    )
    said = "\n".join(made.notes)
    assert (
        "2 cases have missing values" in said
        and "1 case with missing values are" in said
        and "1 case left out" in said
    )


def test_many_missing_spins_of_a_chain_are_summed_unit_after_unit() -> None:
    m = bmdsl.parse(
        "model m { visible s[60] : spin  param J  energy = - J s[i] s[pad(i+1)] }"
    ).compile(dtype="float64", backend="reference")
    m.params["J"] = 0.7
    s = np.full((1, 60), np.nan)
    s[0, 0] = 1.0
    found = scores(m, {"s": s})
    assert found.values[0] == pytest.approx(59 * np.log(2 * np.cosh(0.7))) and not found.bound[0]


def test_responsibilities_of_what_was_seen_are_exact() -> None:
    text = """model m { visible v[3] : binary  hidden h[2] : binary  hidden z : categorical(3)
        param W, d
        energy = - W[i,j,k] v[i] h[j] z[k] - d[k] z[k] }"""
    m = bmdsl.parse(text).compile(seed=1, dtype="float64", backend="reference")
    for n, x in m.params.items():
        m.params[n] = np.random.default_rng(1).normal(size=x.shape)
    v = np.array([[1.0, np.nan, 1.0], [0.0, 1.0, 1.0]])
    every = np.array([[1.0, 0, 1], [1, 1, 1], [0, 1, 1]])
    pulls = np.einsum("ni,ijk->njk", every, m.params["W"])
    f = np.log1p(np.exp(pulls)).sum(1) + m.params["d"]
    wanted = np.stack([np.logaddexp(f[0], f[1]), f[2]])
    np.testing.assert_allclose(m.transform(v, "unnormalised"), wanted, atol=1e-9)
    shares = np.exp(wanted - logsumexp(wanted, axis=1, keepdims=True))
    np.testing.assert_allclose(m.transform(v, "responsibilities"), shares, atol=1e-9)


def test_labels_that_were_not_seen_are_no_errors() -> None:
    m = bmdsl.parse(
        """model m { visible v[3] : binary  visible y : categorical(2)  hidden h[2] : binary
        param W, A
        energy = - W[i,j] v[i] h[j] - A[k,j] y[k] h[j] }"""
    ).compile(seed=3, dtype="float64", backend="reference")
    for n, x in m.params.items():
        m.params[n] = np.random.default_rng(2).normal(0, 2, x.shape)
    v = np.array([[1.0, 0, np.nan], [0, 1, 1], [1, 1, 0]])
    right = m.posterior(v=v)["y"].argmax(1)
    y = np.eye(2)[[right[0], 1 - right[1], 0]]
    y[2] = np.nan
    assert figures(m, {"v": v, "y": y}, "test").class_errors["y"] == pytest.approx(0.5)
