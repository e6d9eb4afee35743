"""Runs of even steps in a table of columns: how a group's states become the matrix of a
convolution.
"""

from __future__ import annotations

import numpy as np


def even_runs(columns: np.ndarray) -> np.ndarray:
    """Runs of even steps inside the rows of a table of columns [row, site], negative ones left out.

    int64 [runs, 5]: row and site where a run begins, its first column, its length and its step.
    None if the table counts the columns one by one, so that states lie as the table has them.
    """
    table = np.asarray(columns, np.int64)
    if (table.ravel() == np.arange(table.size)).all():
        return np.zeros((0, 5), np.int64)
    out = []
    for r, row in enumerate(table):
        steps = np.diff(row)
        broken = (row[1:] < 0) | (row[:-1] < 0)
        changes = np.flatnonzero((steps[1:] != steps[:-1]) | broken[1:] | broken[:-1]) + 1
        ends = np.append(changes, max(0, len(steps)))[
            np.searchsorted(changes, np.arange(len(row)), "right")
        ]
        s = 0
        while s < len(row):
            last = s if s + 1 >= len(row) or broken[s] else int(ends[s])
            if row[s] >= 0:
                out.append((r, s, row[s], last - s + 1, steps[s] if last > s else 1))
            s = last + 1
    return np.array(out, np.int64).reshape(-1, 5)
