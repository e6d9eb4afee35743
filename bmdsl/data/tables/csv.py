"""Tables in text, cells between commas or semicolons; gzipped too."""

from __future__ import annotations

from pathlib import Path

from ...language.vocabulary import Word
from ..table import Table
from ..text_table import read_cells, write_cells

WORD = Word("csv", summary="cells between commas or semicolons, with a heading")


def read(path: Path) -> Table:
    """The table; semicolons part cells where the first line has more of them than commas."""
    return read_cells(path, (",", ";"))


def write(path: Path, table: Table) -> None:
    """Writes it."""
    write_cells(path, table, ";" if table.separator == ";" else ",")
