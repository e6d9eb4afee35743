"""Parquet tables of numbers, a row a case. Needs the package pyarrow, which is optional."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..memory import verify_affordable
from ..packages import needed
from ..streams.table_rows import TableRows

WORD = Word("parquet", summary="Parquet tables of numbers (needs pyarrow)")
KEYED = False
COLUMNS = True
"""A column is an array of its name, where cases are read some at a time."""


def read(path: Path, key: str | None = None) -> np.ndarray:
    """float64 [cases, columns], nulls as NaN. Raises BM703 for no Parquet file, BM705 for a column
    of no numbers, BM706 without pyarrow.
    """
    arrow, parquet = (
        needed(x, "pyarrow", f"reading `{path}`", "'bmdsl[parquet]'")
        for x in ("pyarrow", "pyarrow.parquet")
    )
    with parquet.ParquetFile(path) as file:
        facts = file.metadata
        verify_affordable(f"the table of `{path}`", 16 * facts.num_rows * facts.num_columns)
        table = file.read()
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type
        if not (
            arrow.types.is_integer(kind)
            or arrow.types.is_floating(kind)
            or arrow.types.is_boolean(kind)
        ):
            help = "leave a column of names out, and write categories as 0, 1, 2, ..."
            raise fail(
                "BM705", f"column `{name}` of `{path}` holds `{kind}`, not numbers", help=help
            )
        columns.append(column.cast(arrow.float64()).to_numpy())
    return np.stack(columns, axis=1) if columns else np.zeros((table.num_rows, 0))


def rows(path: Path, key: str | None = None) -> TableRows:
    """The rows of a table, a row group at a time; of the column `key`, or of all.

    A column of lists of one length is an array [cases, length].
    """
    arrow, parquet = (
        needed(x, "pyarrow", f"reading `{path}`", "'bmdsl[parquet]'")
        for x in ("pyarrow", "pyarrow.parquet")
    )
    file = parquet.ParquetFile(path)
    try:
        return TableRows.of(path, file, arrow, key)
    except BaseException:
        file.close()
        raise


def names(path: Path) -> list[str]:
    """The columns of a table that has some of lists; none of one that is an array as a whole."""
    arrow, parquet = (
        needed(x, "pyarrow", f"reading `{path}`", "'bmdsl[parquet]'")
        for x in ("pyarrow", "pyarrow.parquet")
    )
    schema = parquet.read_schema(path)
    lists = [arrow.types.is_fixed_size_list(schema.field(n).type) for n in schema.names]
    return list(schema.names) if any(lists) else []
