"""Tables of numbers in text, one case a line: cells between commas, tabs or semicolons, a heading
or none, empty cells missing (NaN).
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path

import numpy as np

from ..language.diagnostics import BmError, fail
from .dates import is_date
from .notice import say
from .text_lines import read_table_text

MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", "?", "<na>"})
TWO_VALUED = {
    "yes": 1,
    "true": 1,
    "y": 1,
    "t": 1,
    "on": 1,
    "ja": 1,
    "oui": 1,
    "sí": 1,
    "sim": 1,
    "no": 0,
    "false": 0,
    "n": 0,
    "f": 0,
    "off": 0,
    "nein": 0,
    "non": 0,
    "não": 0,
}
MIN_HEADING = 3
"""Columns from which on a first line 0, 1, 2, ... is a heading: pandas writes one for a table
without names.
"""
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}


def read_table(path: Path, separator: str, what: str) -> np.ndarray:
    """float64 [cases, columns].

    A column of row numbers without a name, as pandas writes, is left out and told.

    Raises BM703 for no text of this kind, BM705 for a cell that is no number or a line of another
    length.
    """
    text = read_table_text(path)
    try:
        names, values = _read_fast(text, separator) or _read_cells(text, separator, path)
    except csv.Error as problem:
        raise fail("BM703", f"`{path}` is not {what}: {problem}") from problem
    if names is None:
        _tell_of_heading(path, values)
    return _without_row_numbers(path, names, values)


def _tell_of_heading(path: Path, values: np.ndarray) -> None:
    """Says that line 1 may be a heading, if it alone has empty cells, and numbers that no other
    line has in their columns.
    """
    if len(values) < 3 or not np.isnan(values[0]).any() or np.isnan(values[1:]).any():
        return
    named = np.flatnonzero(~np.isnan(values[0]))
    rest = values[1:, named]
    if len(named) and ((values[0, named] < rest.min(0)) | (values[0, named] > rest.max(0))).all():
        say(
            f"`{path.name}`: line 1 alone has an empty cell, and numbers beyond all others: if it"
            " is a heading, leave it out, as it is read as a case"
        )


def _without_row_numbers(path: Path, names: list[str] | None, values: np.ndarray) -> np.ndarray:
    """The table without a first column that has no name and holds 0, 1, 2, ... or 1, 2, 3, ..."""
    if names is None or names[0].strip() or values.shape[1] < 2 or not len(values):
        return values
    first = values[0, 0]
    if first in (0, 1) and np.array_equal(values[:, 0], first + np.arange(len(values))):
        say(f"`{path.name}`: the first column has no name and counts the rows, so it is left out")
        return values[:, 1:]
    return values


def _first_line(text: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(text), delimiter=separator), [])


def _read_fast(text: str, separator: str) -> tuple[list[str] | None, np.ndarray] | None:
    """By NumPy's parser: many times faster, but it knows no empty cells and its messages name no
    column. None: read cell by cell.
    """
    first = _first_line(text, separator)
    heading = is_heading(first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a file without numbers is read cell by cell
        try:
            values = np.loadtxt(
                io.StringIO(text),
                delimiter=separator,
                dtype=np.float64,
                comments=None,
                ndmin=2,
                quotechar='"',
                skiprows=int(heading),
            )
        except ValueError:
            return None
    return (
        (first if heading else None, values)
        if values.size and values.shape[1] == len(first)
        else None
    )


def _read_cells(text: str, separator: str, path: Path) -> tuple[list[str] | None, np.ndarray]:
    """Cell by cell, so that a complaint can name the line and the column."""
    rows: list[list[float]] = []
    names: list[str] | None = None
    width = 0
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    for cells in reader:
        if not any(cell.strip() for cell in cells) and len(cells) < 2:
            continue  # a blank line, often the last
        if not rows and names is None and is_heading(cells):
            names, width = cells, len(cells)
            continue
        width = width or len(cells)
        if len(cells) != width:
            found = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
            message = (
                f"line {reader.line_num} of `{path}` has {found}, but the lines before it have"
                f" {width}"
            )
            raise fail(
                "BM705",
                message,
                help=f"every line needs the same number of {SEPARATORS[separator]}",
            )
        rows.append(
            [
                _number(cell, path, reader.line_num, k, names, separator)
                for k, cell in enumerate(cells)
            ]
        )
    return names, np.array(rows, dtype=np.float64).reshape(len(rows), width)


def is_heading(cells: list[str]) -> bool:
    """Whether a first line names columns: no cell is a number, the first alone may be empty; or it
    is 0, 1, 2, ...

    One number among names is more likely a bad cell than a name.
    """
    if len(cells) >= MIN_HEADING and [c.strip() for c in cells[1:]] == [
        str(k + (cells[0].strip() == "0")) for k in range(len(cells) - 1)
    ]:
        return cells[0].strip() in ("", "0")
    named = cells[1:] if len(cells) > 1 and not cells[0].strip() else cells
    return bool(named) and all(
        c.strip().lower() not in MISSING and as_number(c) is None for c in named
    )


def as_number(cell: str) -> float | None:
    """The number that a cell holds; None if it is none."""
    try:
        return None if "_" in cell else float(cell)  # Python reads `1_000`, other programs do not
    except ValueError:
        return None


def _number(
    cell: str, path: Path, line: int, column: int, names: list[str] | None, separator: str
) -> float:
    if cell.strip().lower() in MISSING:
        return float("nan")
    value = as_number(cell)
    if value is not None:
        return value
    raise _bad_cell(cell, path, line, column, names, separator)


def _instead_of(cell: str) -> str:
    """What to write instead of a cell that is no number, by what it looks like."""
    if cell.lower() in TWO_VALUED:
        return (
            f"name the columns, `-C 'v = first..last'`, and yes and no are read; or write `{cell}`"
            f" as {TWO_VALUED[cell.lower()]}, its opposite as {1 - TWO_VALUED[cell.lower()]}"
        )
    if is_date(cell):
        return (
            "name the columns that are data, `-C 'v = first..last'`, and carry dates through, `-C"
            " 'id = COLUMN'`; `transform(a) days` makes numbers of a group of dates"
        )
    if re.fullmatch(r"[A-Za-z_#-]+[ _-]?\d+", cell):
        return (
            f"leave a column of names as `{cell}` out: `-C 'v = first..last' -C 'id = COLUMN'`"
            " says which columns are data"
        )
    return (
        "name the columns that are data, `-C 'v = first..last'`, or write categories as 0, 1, 2,"
        " ...; `bm data describe FILE` says what columns hold"
    )


def _bad_cell(
    cell: str, path: Path, line: int, column: int, names: list[str] | None, separator: str
) -> BmError:
    line_of_text = " ".join(cell.split())  # an unclosed quote makes a cell of many lines
    shown = line_of_text if len(line_of_text) <= 40 else line_of_text[:37] + "..."
    called = f" (`{names[column].strip()}`)" if names else ""
    other = next(
        (word for mark, word in SEPARATORS.items() if mark in cell and mark != separator), None
    )
    help = _instead_of(line_of_text)
    if other is not None:
        help = (
            f"cells are separated by {SEPARATORS[separator]} here, not {other}: `.tsv` is for tabs,"
            " `.csv` for commas"
        )
    return fail(
        "BM705",
        f"line {line}, column {column + 1}{called} of `{path}` is not a number: `{shown}`",
        help=help,
    )
