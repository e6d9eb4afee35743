"""Comma-separated numbers, one case a line, with or without a line of column names. An empty cell is a missing value (NaN)."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np

from ...language.diagnostics import BmError, fail
from ...language.vocabulary import Word

WORD = Word("csv", summary="comma-separated numbers, one case a line, header optional, empty cell missing")
KEYED = False
# utf-8-sig: spreadsheets put a byte order mark first, which would stick to the first cell.
_ENCODING = "utf-8-sig"
_MISSING = frozenset({"", "na", "nan", "n/a", "null"})


def read(path: Path, key: str | None = None) -> np.ndarray:
    """float64 [cases, columns]."""
    try:
        values = _read_fast(path)
        return _read_cells(path) if values is None else values
    except UnicodeDecodeError as problem:
        raise fail("BM703", f"`{path}` is not a text file in UTF-8") from problem
    except csv.Error as problem:
        raise fail("BM703", f"`{path}` is not comma-separated text: {problem}") from problem


def _read_fast(path: Path) -> np.ndarray | None:
    """By NumPy's parser: many times faster, but it knows no empty cells and its messages name no column. None: read cell by cell."""
    with open(path, encoding=_ENCODING, newline="") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a file without numbers is read cell by cell
        first = next(csv.reader([file.readline()]), [])
        if not _is_header(first):
            file.seek(0)
        try:
            values = np.loadtxt(file, delimiter=",", dtype=np.float64, comments=None, ndmin=2, quotechar='"')
        except UnicodeDecodeError:
            raise
        except ValueError:
            return None
    return values if values.size and values.shape[1] == len(first) else None


def _read_cells(path: Path) -> np.ndarray:
    """Cell by cell, so that a complaint can name the line and the column."""
    rows: list[list[float]] = []
    names: list[str] | None = None
    width = 0
    with open(path, encoding=_ENCODING, newline="") as file:
        reader = csv.reader(file)
        for cells in reader:
            if not any(cell.strip() for cell in cells) and len(cells) < 2:
                continue  # a blank line, often the last
            if not rows and names is None and _is_header(cells):
                names, width = cells, len(cells)
                continue
            width = width or len(cells)
            if len(cells) != width:
                found = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
                message = f"line {reader.line_num} of `{path}` has {found}, but the lines before it have {width}"
                raise fail("BM705", message, help="every line needs the same number of commas")
            rows.append([_number(cell, path, reader.line_num, column, names) for column, cell in enumerate(cells)])
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)


def _is_header(cells: list[str]) -> bool:
    """No cell is a number or missing: one number among names is more likely a bad cell than a name."""
    return bool(cells) and all(cell.strip().lower() not in _MISSING and _as_float(cell) is None for cell in cells)


def _as_float(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python reads `1_000`, other programs do not
    except ValueError:
        return None


def _number(cell: str, path: Path, line: int, column: int, names: list[str] | None) -> float:
    if cell.strip().lower() in _MISSING:
        return float("nan")
    value = _as_float(cell)
    if value is not None:
        return value
    raise _bad_cell(cell, path, line, column, names)


def _bad_cell(cell: str, path: Path, line: int, column: int, names: list[str] | None) -> BmError:
    line_of_text = " ".join(cell.split())  # an unclosed quote makes a cell of many lines
    shown = line_of_text if len(line_of_text) <= 40 else line_of_text[:37] + "..."
    called = f" (`{names[column].strip()}`)" if names else ""
    separator = next((word for mark, word in ((";", "semicolons"), ("\t", "tabs")) if mark in cell), None)
    return fail(
        "BM705",
        f"line {line}, column {column + 1}{called} of `{path}` is not a number: `{shown}`",
        help=f"cells are separated by commas, not {separator}" if separator else "leave a cell empty where its value is missing",
    )
