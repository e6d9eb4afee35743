"""Tables in text, cells between tabs; gzipped too."""

from __future__ import annotations

from pathlib import Path

from ...language.vocabulary import Word
from ..table import Table
from ..text_table import read_cells, write_cells

WORD = Word("tsv", summary="cells between tabs, with a heading")


def read(path: Path) -> Table:
    """The table."""
    return read_cells(path, ("\t",))


def write(path: Path, table: Table) -> None:
    """Writes it."""
    write_cells(path, table, "\t")
