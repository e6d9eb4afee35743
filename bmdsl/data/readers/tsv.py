"""Numbers between tabs, one case a line, with or without a line of column names.

An empty cell is a missing value (NaN).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..delimited import read_table

WORD = Word("tsv", summary="numbers between tabs, one case a line, header optional; also .tsv.gz")
KEYED = False
GZIP = True


def read(path: Path, key: str | None = None) -> np.ndarray:
    """float64 [cases, columns]. Raises BM703 or BM705."""
    return read_table(path, "\t", "text with tabs")
