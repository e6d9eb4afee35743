"""Curves between temperatures: exact for exact histograms, within their errors for chains."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from bmdsl.inference.reweighting import Records, log_states, overlap, reweighted
from bmdsl.inference.scan_figures import FIGURES, figures_of_means

RING = 10
STATES = np.array(list(product((-1.0, 1.0), repeat=RING)))
ENERGY = -(STATES * np.roll(STATES, 1, axis=1)).sum(1) - 0.1 * STATES.sum(1)
M = STATES.mean(1)


def exact(beta: float) -> dict[str, float]:
    p = np.exp(-beta * ENERGY)
    p /= p.sum()
    mean = np.array([p @ x for x in (ENERGY, ENERGY**2, abs(M), M**2, M**4)])
    return dict(figures_of_means(mean, beta, RING))


def test_states_are_counted_exactly_from_exact_histograms() -> None:
    levels, counts = np.unique(np.round(ENERGY, 9), return_counts=True)
    betas = np.array([0.1, 0.4, 0.7])
    p = np.exp(-betas[:, None] * levels) * counts
    found, f = log_states(1e5 * p / p.sum(1, keepdims=True), levels, betas)
    ratio = found - np.log(counts)
    np.testing.assert_allclose(ratio, ratio[0], atol=1e-6)
    np.testing.assert_allclose(f, -(np.log(p.sum(1)) - np.log(p[0].sum())), atol=1e-6)


@pytest.fixture(scope="module")
def records() -> Records:
    rng = np.random.default_rng(5)
    betas = np.array([0.2, 0.45, 0.7])
    shape = (3, 40, 300)
    drawn = np.empty(shape, np.int64)
    for k, beta in enumerate(betas):
        p = np.exp(-beta * ENERGY)
        drawn[k] = rng.choice(len(p), shape[1:], p=p / p.sum())
    return Records(betas, ENERGY[drawn], M[drawn])


@pytest.mark.stat
def test_figures_between_are_within_their_errors(records: Records) -> None:
    at = [0.2, 0.3, 0.55, 0.7]
    found = reweighted(records, at, RING)
    for k, beta in enumerate(at):
        for name, value in exact(beta).items():
            estimate = found[name][k]
            assert abs(estimate.value - value) < 5 * estimate.error, (name, beta)
            assert 0 < estimate.error < 0.05 * max(1, abs(value))
    assert set(found) == set(FIGURES)


@pytest.mark.stat
def test_errors_are_the_spread_of_repeated_runs(records: Records) -> None:
    split = [
        Records(records.betas, records.energy[:, k::10], records.magnetization[:, k::10])
        for k in range(10)
    ]
    found = [reweighted(r, [0.35], RING)["energy"][0] for r in split]
    spread = np.std([x.value for x in found], ddof=1)
    error = np.mean([x.error for x in found])
    assert 0.5 < spread / error < 2


def test_far_temperatures_share_no_energies(records: Records) -> None:
    assert overlap(records) > 0.3
    far = Records(
        np.array([0.2, 3.0]), records.energy[:2] + np.array([9.0, -9.0])[:, None, None], M
    )
    assert overlap(far) < 1e-3
