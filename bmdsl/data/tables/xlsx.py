"""The first sheet of an Excel workbook. Needs the package openpyxl, which is optional."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..packages import needed
from ..table import Table, typed

WORD = Word("xlsx", summary="the first sheet of an Excel workbook (needs openpyxl)")
ALSO = ("xlsm",)


def read(path: Path) -> Table:
    """The table: names in the first row, a case a row, values as the workbook last had them.

    BmError BM703 for no workbook, BM706 without openpyxl.
    """
    openpyxl = needed("openpyxl", "openpyxl", f"reading `{path}`", "'bmdsl[tables]'")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as problem:
        raise fail(
            "BM703", f"`{path}` is not an Excel workbook", note=str(problem).splitlines()[0]
        ) from None
    rows = [
        row
        for row in book.worksheets[0].iter_rows(values_only=True)
        if any(x is not None for x in row)
    ]
    if not rows:
        raise fail("BM712", f"`{path}` holds no cases")
    names = [str(x).strip() if x is not None else f"column {k}" for k, x in enumerate(rows[0], 1)]
    columns = [
        typed(n, [row[k] if k < len(row) else None for row in rows[1:]])
        for k, n in enumerate(names)
    ]
    return Table(tuple(columns), f"`{path}`").verify()


def write(path: Path, table: Table) -> None:
    """Writes it as the only sheet of a workbook."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    columns = table.to_dict()
    for row in ([*columns], *zip(*columns.values(), strict=True)):
        sheet.append(row)
    book.save(path)
