"""Correlations of a table's columns, each over the rows in which both were seen."""

from __future__ import annotations

import numpy as np

from bmdsl.report.table_columns import correlations


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
