"""Parquet tables. Needs the package pyarrow, which is optional."""

from __future__ import annotations

from pathlib import Path

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..frame_tables import of_frame
from ..packages import needed
from ..table import Table

WORD = Word("parquet", summary="Parquet tables (needs pyarrow)")


def read(path: Path) -> Table:
    """The table. BmError BM703 for no Parquet file, BM706 without pyarrow."""
    arrow, parquet = (
        needed(x, "pyarrow", f"reading `{path}`", "'bmdsl[tables]'")
        for x in ("pyarrow", "pyarrow.parquet")
    )
    try:
        found = parquet.read_table(path)
    except (arrow.ArrowException, OSError) as problem:
        raise fail(
            "BM703", f"`{path}` is not a Parquet file", note=str(problem).splitlines()[0]
        ) from None
    return of_frame(found, f"`{path}`")


def write(path: Path, table: Table) -> None:
    """Writes it, columns of numbers as numbers."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    parquet.write_table(arrow.table(table.to_dict()), path)
