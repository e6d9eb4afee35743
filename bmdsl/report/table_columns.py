"""A trained machine and its table's columns by name: weights to hidden units, and associations of
pairs of columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .layer_filters import layer_filters

if TYPE_CHECKING:
    from ..data.levels import TableCode
    from ..inference.machine import Machine

MIN_SEEN = 10
"""Rows in which both of two columns were seen that a correlation is worth."""


class Weights(NamedTuple):
    """Weights between named numbers of the visible groups and a hidden group's units."""

    hidden: str
    names: list[str]
    values: np.ndarray
    """[names, units]"""
    starts: list[int]
    """Where a group's rows begin."""


def column_weights(machine: Machine, code: TableCode) -> list[Weights]:
    """Of every hidden group that plain weights join to groups of the table."""
    parts: dict[str, list[tuple[str, np.ndarray]]] = {}
    for name in code.groups:
        if name not in machine.visible:
            continue
        for hidden, filters in layer_filters(machine, name).items():
            if hidden in machine.hidden and hidden in machine.program.plan.graph.neighbours(name):
                parts.setdefault(hidden, []).append((name, filters.T))
    made = []
    for hidden, rows in parts.items():
        names = [x for name, _ in rows for x in code.unit_names(name)]
        values = np.concatenate([w for _, w in rows])
        starts = list(np.cumsum([0, *(len(w) for _, w in rows[:-1])]))
        if len(names) == len(values):
            made.append(Weights(hidden, names, values, starts))
    return made


class Pair(NamedTuple):
    """How two columns, or levels of columns, go together; `rows` of the data have both."""

    first: str
    second: str
    data: float
    samples: float
    rows: int


class Associations(NamedTuple):
    """Correlations of named numbers, [names, names], in data and in samples; NaN within a column
    and where too few rows have both. `rows` [names, names] have both.
    """

    names: list[str]
    data: np.ndarray
    samples: np.ndarray
    rows: np.ndarray

    def pairs(self) -> list[Pair]:
        """Every pair of which both are known, the strongest of the data first."""
        known = np.isfinite(self.data) & np.isfinite(self.samples)
        found = [
            Pair(
                self.names[i],
                self.names[j],
                float(self.data[i, j]),
                float(self.samples[i, j]),
                int(self.rows[i, j]),
            )
            for i, j in zip(*np.nonzero(np.triu(known, 1)), strict=True)
        ]
        return sorted(found, key=lambda p: -abs(p.data))


def associations_of_machine(
    machine: Machine, rows: Mapping[str, np.ndarray], count: int, steps: int
) -> Associations | None:
    """Of rows of a table beside so many samples; None where the machine knows no columns, or needs
    given values.
    """
    code = None if machine.preparation is None else machine.preparation.code
    if code is None or machine.given or not rows:
        return None
    return associations(machine, code, rows, machine.sample(count, steps=steps))


def associations(
    machine: Machine,
    code: TableCode,
    data: Mapping[str, np.ndarray],
    samples: Mapping[str, np.ndarray],
) -> Associations:
    """Of every pair of columns, over the rows in which both were seen."""
    groups = [n for n in code.groups if n in machine.visible]
    names = [x for n in groups for x in code.unit_names(n)]
    width = {n: code.states.get(n, 1) if not code.one_hot(n) else 1 for n in groups}
    column = np.concatenate(
        [
            np.repeat(np.arange(len(code.groups[n])), width[n]) + 1000 * k
            for k, n in enumerate(groups)
        ]
    )
    other = column[:, None] != column[None, :]
    flat = [np.hstack([x[n].reshape(len(x[n]), -1) for n in groups]) for x in (data, samples)]
    found = [np.where(other, correlations(x), np.nan) for x in flat]
    seen = (~np.isnan(flat[0])).astype(float)
    return Associations(names, found[0], found[1], (seen.T @ seen).astype(int))


def correlations(x: np.ndarray) -> np.ndarray:
    """Pearson's of all pairs of columns [rows, columns], each over the rows in which both are
    there.
    """
    n, variance, covariance = _moments(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / np.sqrt(variance * variance.T)
    return np.where((n >= MIN_SEEN) & (variance > 1e-12) & (variance.T > 1e-12), r, np.nan)


def covariances(x: np.ndarray) -> np.ndarray:
    """Of all pairs of columns [rows, columns], each over the rows in which both are there; NaN of
    fewer than two.
    """
    n, _, covariance = _moments(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, covariance * n / (n - 1), np.nan)


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every pair: rows with both, the variance of the first among them, the covariance."""
    seen = ~np.isnan(x)
    w, y = seen.astype(float), np.where(seen, x, 0.0).astype(float)
    n = w.T @ w
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (y.T @ w) / n  # of the row's column where the other is seen
        square = ((y * y).T @ w) / n
        return n, square - mean**2, (y.T @ y) / n - mean * mean.T
