"""Tables in text, every cell as it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ..language.diagnostics import counted, fail
from .delimited import SEPARATORS, as_number
from .notice import say
from .number_forms import form_of
from .table import Column, Table
from .tabulating import cells
from .text_lines import read_table_text


def read_cells(path: Path, separators: Sequence[str]) -> Table:
    """The table; of several separators, the one that the first line has most of.

    A first line of numbers alone is no heading: columns are then called `1`, `2`, ...

    Raises BM703 for no text of this kind, BM705 for a line of another length.
    """
    text = read_table_text(path)
    first = text.partition("\n")[0]
    separator = max(separators, key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    rows: list[list[str]] = []
    lines: list[int] = []
    empty: list[int] = []
    try:
        for row in reader:
            if any(c.strip() for c in row):
                rows.append([c.strip() for c in row])
                lines.append(reader.line_num)
            elif len(row) > 1:
                empty.append(reader.line_num)
    except csv.Error as problem:
        raise fail("BM703", f"`{path}` is not a table in text: {problem}") from problem
    if not rows:
        raise fail("BM712", f"`{path}` holds no cases")
    if empty:
        say(f"{counted(len(empty), 'line')} of `{path.name}` without a value left out")
    width = len(rows[0])
    for line, row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise fail(
                "BM705",
                f"line {line} of `{path}` has {counted(len(row), 'cell')}, but the lines before"
                f" it have {width}",
                help=f"every line needs the same number of {SEPARATORS[separator]}",
            )
    named = not all(as_number(c) is not None or not c for c in rows[0])
    names = rows.pop(0) if named else [str(k) for k in range(1, width + 1)]
    lines = lines[1:] if named else lines
    names = [n or f"column {k}" for k, n in enumerate(names, 1)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    forms = [form_of(c, separator) for c in columns]
    if separator == ";" and any(f.decimal == "," for f in forms):
        forms = [form_of(c, separator, commas=True) for c in columns]
    made = tuple(Column(n, tuple(c), form=f) for n, c, f in zip(names, columns, forms, strict=True))
    return Table(made, f"`{path}`", None, tuple(lines), separator).verify()


def write_cells(path: Path, table: Table, separator: str) -> None:
    """The table as text, names in the first line."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(cells(table))
    path.write_text(out.getvalue(), encoding="utf-8")
