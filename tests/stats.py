"""Thresholds of statistical tests, derived here only."""

from __future__ import annotations

import numpy as np
from scipy import stats

ALPHA = 1e-6
"""The chance that a right sampler fails one test."""


def verify_counts(observed: np.ndarray, probabilities: np.ndarray) -> None:
    """χ² of counts from independent chains against exact probabilities, cells merged to an
    expectation of at least 5.
    """
    n = observed.sum()
    order = np.argsort(probabilities)
    expected, counts = [], []
    e = o = 0.0
    for k in order:
        e += n * probabilities[k]
        o += observed[k]
        if e >= 5:
            expected.append(e)
            counts.append(o)
            e = o = 0.0
    if e:
        expected[-1] += e
        counts[-1] += o
    x2 = float(np.sum((np.array(counts) - expected) ** 2 / np.array(expected)))
    p = float(stats.chi2.sf(x2, len(expected) - 1))
    assert p > ALPHA, f"χ² = {x2:.1f} with {len(expected) - 1} degrees of freedom, p = {p:.2g}"


def verify_mean(values: np.ndarray, exact: float) -> None:
    """z-test of independent draws against an exact mean."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    z = abs(values.mean() - exact) / max(error, 1e-12)
    assert z < stats.norm.isf(ALPHA / 2), (
        f"mean {values.mean():.4f}, exact {exact:.4f}, z = {z:.1f}"
    )
