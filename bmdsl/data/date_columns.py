"""Columns of dates as numbers of a group whose first transform is for dates."""

from __future__ import annotations

import numpy as np

from ..language.diagnostics import fail
from .dates import Dates
from .levels import Coded
from .marks import Marks
from .table import Column, Table

CURE = "write dates as 2024-12-31"


def learn_dates(column: Column, table: Table, marks: Marks) -> Coded:
    """How a column writes its dates. BmError BM744 where it holds none, where one cell is none, and
    where no cell tells the day from the month.
    """
    found = column.dates(marks)
    if found is None:
        row = int(np.argmin(column.missing(marks)))
        raise fail(
            "BM744",
            f"column `{column.name}` of {table.source} holds no dates: `{column.shown[row]:.40}` in"
            f" {table.place(row)}",
            help="dates are written as 2024-12-31, 31.12.2024, 31 Dec 2024 or 2024-12-31 23:59; a"
            " group of its own for other columns, without `days`",
        )
    if found.doubt:
        row = int(np.argmin(column.missing(marks)))
        raise fail(
            "BM744",
            f"column `{column.name}` of {table.source} holds dates such as"
            f" `{column.shown[row]:.40}`, and {found.doubt}",
            help=CURE,
        )
    _verify(found, column, table)
    return Coded(column.name, date=found.pattern)


def date_values(column: Column, coded: Coded, table: Table, marks: Marks) -> np.ndarray:
    """float64 [rows]: days since the beginning of 1970, missing cells NaN. BmError BM744 at a cell
    that is no date.
    """
    gone = column.missing(marks)
    if gone.all():
        return np.full(len(gone), np.nan)
    found = column.dates(marks, coded.date)
    if found is None or found.doubt:
        wrong = [k for k, no in enumerate(gone) if not no]
        found = Dates(np.full(len(gone), np.nan), coded.date, tuple(wrong))
    _verify(found, column, table)
    return found.days


def dates_for_numbers(column: Column, table: Table, marks: Marks) -> Exception | None:
    """BM744 of a column of dates in a group of numbers; None of other columns."""
    if column.dates(marks) is None:
        return None
    row = int(np.argmin(column.missing(marks)))
    name = column.name if column.name.isidentifier() else "x"
    return fail(
        "BM744",
        f"column `{column.name}` of {table.source} holds dates where numbers are needed:"
        f" `{column.shown[row]:.40}` in {table.place(row)}",
        help=f"a group of its own, `visible {name} : gaussian(sigma = 2)`, and `transform({name})"
        f" days, standardize` in the train block; or carry it through: `id = {column.name}`",
    )


def _verify(found: Dates, column: Column, table: Table) -> None:
    if found.wrong:
        row = found.wrong[0]
        cell = column.shown[row]
        raise fail(
            "BM744",
            f"`{cell:.40}` in {table.place(row)}, column `{column.name}` of {table.source}, is no"
            " date as the others are",
            help=f'correct the cell, leave it empty, or name the mark: `missing = "{cell:.40}"`',
        )
