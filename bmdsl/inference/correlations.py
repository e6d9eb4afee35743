"""Correlations of real columns, shrunk towards none, and the spread that they leave unexplained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MIN_ROWS_PER_COLUMN = 5
"""Rows per column from which on the spread about a regression is known to within a tenth."""


class Correlated(NamedTuple):
    """Means and standard deviations of columns, [p], and their shrunk correlations, [p, p]."""

    mean: np.ndarray
    width: np.ndarray
    correlations: np.ndarray


def correlated(x: np.ndarray) -> Correlated:
    """Of every row of x [n, p]; no column may be constant.

    Source: Chen et al. 2010, eq. 23, for the share by which correlations shrink. Deviation: of
    standardized columns, so that units of measure do not matter.
    """
    x = np.asarray(x, np.float64)
    mean, width = x.mean(0), x.std(0)
    (n, p), z = x.shape, (x - mean) / width
    c = z.T @ z / n
    squares = float((c * c).sum())
    below = (n + 1 - 2 / p) * (squares - p)
    share = 1.0 if below <= 0 else min(1.0, ((1 - 2 / p) * squares + p * p) / below)
    return Correlated(mean, width, (1 - share) * c + share * np.eye(p))


def unexplained(x: np.ndarray) -> np.ndarray:
    """Standard deviation of every column about its regression on the others, [p].

    About its mean where rows are few. A model in which a column given the rest has a larger one
    cannot be right: what is not linear in the others only makes it smaller.
    """
    x = np.asarray(x, np.float64)
    width = x.std(0)
    varied = width > 0
    if varied.sum() < 2 or len(x) < MIN_ROWS_PER_COLUMN * varied.sum():
        return width
    c = correlated(x[:, varied]).correlations
    width[varied] /= np.sqrt(np.diag(np.linalg.inv(c)))
    return width
