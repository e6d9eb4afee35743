"""Parquet tables. Needs the package pyarrow, which is optional."""

from __future__ import annotations

from pathlib import Path

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..frame_tables import of_frame
from ..table import Table

WORD = Word("parquet", summary="Parquet tables (needs pyarrow)")


def read(path: Path) -> Table:
    """The table. BmError BM703 for no Parquet file, BM706 without pyarrow."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as problem:
        raise fail(
            "BM706",
            f"reading `{path}` needs the package pyarrow",
            help="pip install 'bmdsl[tables]'",
        ) from problem
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
