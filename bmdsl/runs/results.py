"""Results in files of the user's own format: arrays, or a table with its heading and ids."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.delimited import MISSING, as_number, is_heading
from ..data.text_lines import read_text
from ..files import put, put_text, with_ending, write_npz

Array = np.ndarray
TABLES = {".csv": ",", ".tsv": "\t"}
ENDINGS = (".npy", ".npz", *TABLES)


def table_ending(source: str) -> str:
    """`.csv` or `.tsv` where the data came from such a table, zipped or not; else nothing."""
    path = Path(source)
    ending = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    return ending if ending in TABLES and path.is_file() else ""


def write_results(
    path: Path, groups: Mapping[str, Array], source: str = "", default: str = ".npy"
) -> Path:
    """Arrays [cases, ...] by group into one file, of several groups a `.npz`.

    A table gets the heading of the table `source`, and what of its columns are no data, as ids.
    BmError BM787 for an ending that is none of these formats.
    """
    several = len(groups) > 1
    endings = (".npz",) if several else ENDINGS
    path = with_ending(path, endings, ".npz" if several else default)
    path.parent.mkdir(parents=True, exist_ok=True)
    first = next(iter(groups.values()))
    if path.suffix.lower() == ".npz":
        return put(path, lambda beside: write_npz(beside, groups))
    if path.suffix.lower() == ".npy":
        return put(path, lambda beside: np.save(beside, first, allow_pickle=False))
    return put_text(path, _text(first, TABLES[path.suffix.lower()], source))


@dataclass(frozen=True)
class _Table:
    """A table's heading, its cells, and the columns that are data."""

    heading: list[str] | None
    rows: list[list[str]]
    columns: list[int]


def _text(values: Array, separator: str, source: str) -> str:
    flat = values.reshape(len(values), -1)
    found = _table(source, flat.shape) if table_ending(source) else None
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    if found is None:
        writer.writerows([_number(x) for x in row] for row in flat)
        return out.getvalue()
    if found.heading is not None:
        writer.writerow(found.heading)
    for cells, row in zip(found.rows, flat, strict=True):
        for column, x in zip(found.columns, row, strict=True):
            was = as_number(cells[column])
            if was is None or not np.isclose(was, x, rtol=1e-6, atol=0):  # else as it was written
                cells[column] = _number(x)
        writer.writerow(cells)
    return out.getvalue()


def _number(x: float) -> str:
    return f"{x:.9g}"


def _table(source: str, shape: Sequence[int]) -> _Table | None:
    """The table as text, and which of its columns the reader took for data; None if unknown."""
    from ..data.load import read_file

    try:
        read = read_file(source)
        text = read_text(Path(source), "text file in UTF-8")
    except (OSError, gzip.BadGzipFile):
        return None
    separator = TABLES[table_ending(source)]
    rows = [c for c in csv.reader(io.StringIO(text), delimiter=separator) if any(map(str.strip, c))]
    heading = rows.pop(0) if rows and len(rows) == len(read) + 1 and is_heading(rows[0]) else None
    if heading is None and len(rows) == len(read) + 1:
        heading = rows.pop(0)
    if read.shape != tuple(shape) or len(rows) != len(read) or len({len(r) for r in rows}) != 1:
        return None
    columns: list[int] = []
    for k in range(len(rows[0])):
        if len(columns) == read.shape[1]:
            break
        cells = [_value(r[k]) for r in rows]
        if None not in cells and np.array_equal(
            np.array(cells, float), read[:, len(columns)], equal_nan=True
        ):
            columns.append(k)
    return _Table(heading, rows, columns) if len(columns) == read.shape[1] else None


def _value(cell: str) -> float | None:
    return float("nan") if cell.strip().lower() in MISSING else as_number(cell)
