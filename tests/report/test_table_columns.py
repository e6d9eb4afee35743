"""Correlations of a table's columns, each over the rows in which both were seen."""

from __future__ import annotations

import numpy as np

from bmdsl.report.table_columns import Associations, correlations, covariances


def test_correlations_are_those_of_the_rows_with_both_values() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + 100
    x[rng.random(x.shape) < 0.2] = np.nan
    x[:, 3] = 7.0  # constant: no correlation
    found = correlations(x)
    for i in range(3):
        for j in range(3):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            wanted = np.corrcoef(x[both, i], x[both, j])[0, 1]
            np.testing.assert_allclose(found[i, j], wanted, atol=1e-9)
    assert np.isnan(found[3]).all() and np.isnan(found[:, 3]).all()
    few = np.full((60, 2), np.nan)
    few[:5] = rng.normal(size=(5, 2))
    assert np.isnan(correlations(few)).all()  # of five rows it says nothing


def test_covariances_are_those_of_the_rows_with_both_values() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3))
    np.testing.assert_allclose(covariances(x), np.cov(x.T), atol=1e-12)
    x[rng.random(x.shape) < 0.2] = np.nan
    found = covariances(x)
    for i in range(3):
        for j in range(3):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            np.testing.assert_allclose(found[i, j], np.cov(x[both, i], x[both, j])[0, 1])
    assert np.isnan(covariances(x[:1])).all()


def test_pairs_are_named_once_the_strongest_first() -> None:
    data = np.array([[np.nan, 0.2, -0.7], [0.2, np.nan, np.nan], [-0.7, np.nan, np.nan]])
    rows = np.array([[9, 8, 7], [8, 9, 6], [7, 6, 9]])
    found = Associations(["a", "b", "c"], data, data / 2, rows).pairs()
    assert [(p.first, p.second, p.data, p.samples, p.rows) for p in found] == [
        ("a", "c", -0.7, -0.35, 7),
        ("a", "b", 0.2, 0.1, 8),
    ]
