"""The quadrature of `bm verify` against densities that are integrated by hand, wide, narrow, apart
and cut off.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_ndtr, logsumexp
from scipy.stats import poisson

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.verification.brute_force import BruteForce
from bmdsl.verification.nodes import nodes_of
from bmdsl.verification.panels import FINE, counted, first_panels, fitted, gauss
from bmdsl.verification.unit_groups import groups_of


def brute(text: str, **params: object) -> BruteForce:
    m = bmdsl.parse(f"model m {{ {text} }}").compile(seed=0, dtype="float64", backend="reference")
    for name, x in params.items():
        m.params[name] = x
    every = {
        n: nodes_of(g.unit, g.arguments, g.states, g.expert) for n, g in groups_of(m.model).items()
    }
    nodes = {n: x for n, x in every.items() if x is not None}
    return BruteForce(m.model, nodes, {}, m.params)


def log_z(b: BruteForce) -> float:
    return b.log_partition(b._params)


@pytest.mark.parametrize(
    ("mean", "width"), [(0, 1), (5, 0.01), (-3, 0.3), (40, 7), (0.1, 1e-4), (-200, 0.5)]
)
def test_panels_find_a_peak_wherever_it_is(mean: float, width: float) -> None:
    def density(x: np.ndarray) -> np.ndarray:
        return (-((x - mean) ** 2) / 2 / width**2)[:, None]

    x, w = gauss(fitted(density, first_panels(-np.inf, np.inf, 1.0), -np.inf, np.inf), FINE)
    assert logsumexp(w + density(x)[:, 0]) == pytest.approx(
        np.log(width * np.sqrt(2 * np.pi)), abs=1e-7
    )


def test_panels_find_the_peaks_of_every_state_of_a_mixture() -> None:
    def density(x: np.ndarray) -> np.ndarray:
        return np.stack([-((x - 9) ** 2) / 2 / 0.001**2, -((x + 2) ** 2) / 2], 1)

    x, w = gauss(fitted(density, first_panels(-np.inf, np.inf, 1.0), -np.inf, np.inf), FINE)
    assert logsumexp(w + logsumexp(density(x), axis=1)) == pytest.approx(
        np.log(1.001 * np.sqrt(2 * np.pi)), abs=1e-7
    )


def test_counts_go_on_until_they_are_rare() -> None:
    x = counted(lambda x: poisson.logpmf(x, 300)[:, None])
    assert poisson.sf(x[-1], 300) < 1e-12


def test_narrow_units_beside_hidden_ones() -> None:
    W = np.array([[0.5, -1], [2, 0.3]])
    h = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    exact = logsumexp(((h @ W.T) ** 2 / 82 + 0.5 * np.log(2 * np.pi / 41)).sum(1))
    b = brute(
        "visible v[2] : gaussian  hidden h[2] : binary  param W  energy = 20 v[i]^2 - W[i,j] v[i]"
        " h[j]",
        W=W,
    )
    assert log_z(b) == pytest.approx(exact, abs=1e-12)


def test_a_spike_and_slab_machine_near_its_edge() -> None:
    b = brute(
        "visible v : gaussian  hidden s : gaussian  hidden h : binary  param W  energy = - W v s h"
        " + 2 h",
        W=0.999,
    )
    assert log_z(b) == pytest.approx(
        np.log(2 * np.pi) + np.logaddexp(0, -2 - 0.5 * np.log(1 - 0.999**2)), abs=1e-9
    )


def test_a_mixture_of_rectified_units_narrow_and_wide() -> None:
    b = brute("visible x : rectified  hidden z : binary  energy = 400 x^2 z - 0.5 x - 3 x z - 4 z")
    parts = [np.array([1.0, 0.5, 0.0]), np.array([801.0, 3.5, 4.0])]
    exact = logsumexp(
        [
            c + 0.5 * np.log(2 * np.pi / q) + f * f / 2 / q + log_ndtr(f / np.sqrt(q))
            for q, f, c in parts
        ]
    )
    assert log_z(b) == pytest.approx(exact, abs=1e-9) and b.error < 1e-7


def test_two_wells_far_apart() -> None:
    x = np.linspace(-12, 12, 200_001)
    exact = logsumexp(-(0.05 * x**4 - 3 * x**2) - x**2 / 2) + np.log(x[1] - x[0])
    b = brute("visible x : gaussian  energy = 0.05 * square(square(x)) - 3 x^2")
    assert log_z(b) == pytest.approx(exact, abs=1e-7)


def test_its_own_error_is_told_where_a_kink_spoils_the_nodes() -> None:
    b = brute(
        "visible x[2] : gaussian  param W[2,2]  energy = + 3 * sum[j] abs(W[i,j] x[i])",
        W=np.array([[1, 0.7], [-0.6, 2]]),
    )
    x = np.linspace(-4, 4, 2001)
    u, v = np.meshgrid(x, x, indexing="ij")
    exact = logsumexp(
        -3 * np.abs(u - 0.6 * v) - 3 * np.abs(0.7 * u + 2 * v) - (u * u + v * v) / 2
    ) + 2 * np.log(x[1] - x[0])
    assert 1e-7 < b.error and abs(log_z(b) - exact) < 4 * b.error


@pytest.mark.parametrize(
    "text",
    [
        "visible x : gaussian  visible y : gaussian  visible z : gaussian  energy = - 0.1 x y z",
        "visible v : gaussian  hidden s : gaussian  hidden h : binary  energy = - 3 v s h",
        "visible x : rectified  visible y : rectified  energy = - 1.5 x y",
    ],
)
def test_a_sum_without_end_is_told(text: str) -> None:
    with pytest.raises(BmError) as caught:
        brute(text)
    assert caught.value.diagnostics[0].code == "BM891"
