"""A table: its first rows."""

from __future__ import annotations

from ...data.table import Table
from ...data.tabulating import cells
from ...language.diagnostics import counted
from ...language.vocabulary import Word
from ...markup.fragments import heading, rows

WORD = Word("Table", summary="the first rows, and how many there are")
ROWS, COLUMNS = 10, 20


def html(table: Table) -> str:
    """The first rows and columns, with how many there are of both."""
    lines = cells(table, ROWS)
    names = next(lines)
    more = ["..."] * (len(names) > COLUMNS)
    size = f"{counted(len(table), 'row')}, {counted(len(names), 'column')}"
    shown = [[*line[:COLUMNS], *more] for line in lines]
    return heading("Table", size) + rows(shown, [*names[:COLUMNS], *more])
