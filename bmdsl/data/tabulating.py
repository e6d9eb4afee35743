"""What a machine makes of the rows of a table, as tables with its ids, names and levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from .levels import Coded, TableCode
from .marks import Marks
from .table import Column, Table, number_text

Arrays = Mapping[str, np.ndarray]
DIGITS = 6
"""Significant digits of a number that was computed."""


def completed(table: Table, code: TableCode, groups: Arrays) -> Table:
    """The table with the missing cells of the groups' columns taken from `groups`, group →
    [rows, ...] in the data's own units; every other cell as it is.

    A level is named where the column has levels: the one nearest to the value, of one-of-K units
    the likeliest. A column of whole numbers stays one: counts, and 0 and 1.
    """
    found = {c.column: (c, x) for n, values in groups.items() for c, x in code.columns(n, values)}
    columns = tuple(
        _filled(column, *found[column.name], code.missing) if column.name in found else column
        for column in table.columns
    )
    return replace(table, columns=columns)


def _filled(column: Column, coded: Coded, values: np.ndarray, marks: Marks) -> Column:
    gone = column.missing(marks) & ~np.isnan(values)
    values = np.round(values) if coded.whole and not coded.levels else values
    if column.texts is None:
        known = (
            values
            if not coded.date
            else np.array([float(x or "nan") for x in _texts(coded, values)])
        )
        return Column(column.name, numbers=np.where(gone, known, column.real()))
    shown = _texts(replace(coded, form=column.form), values)
    cells = (shown[k] if gone[k] else x for k, x in enumerate(column.texts))
    return replace(column, texts=tuple(cells))


def _texts(coded: Coded, values: np.ndarray) -> list[str]:
    if coded.levels or coded.date:
        return [coded.text(x) for x in values]
    numbers = ["" if np.isnan(x) else number_text(float(f"{x:.{DIGITS}g}")) for x in values]
    return [coded.form.written(x) for x in numbers]


def states_table(code: TableCode, groups: Arrays, source: str = "samples") -> Table:
    """Cases of the groups, in the data's own units, as a table of the training table's columns: in
    its order, numbers with as many decimals as it had, none of whole numbers.
    """
    columns = [
        Column(c.column, tuple(_texts(c, _rounded(c, x))), form=c.form)
        for n, values in groups.items()
        if n in code.groups
        for c, x in code.columns(n, values)
    ]
    places = {name: k for k, name in enumerate(code.order)}
    columns.sort(key=lambda c: places.get(c.name, len(places)))
    commas = any(c.form.decimal == "," for coded in code.groups.values() for c in coded)
    return Table(tuple(columns), source, separator=";" if commas else ",")


def _rounded(coded: Coded, values: np.ndarray) -> np.ndarray:
    decimals = 0 if coded.whole else coded.decimals
    return values if decimals is None else np.round(np.asarray(values, float), decimals)


def beside_ids(
    table: Table | None, code: TableCode | None, columns: Mapping[str, Sequence[Any]]
) -> Table:
    """Numbers or texts by column, beside the columns that are carried through."""
    ids = () if table is None or code is None else code.ids
    kept = [table[n] for n in ids if table is not None and n in table.names]
    taken = {c.name for c in kept}
    made = [_made(f"{n}_" if n in taken else n, x) for n, x in columns.items()]
    if table is None:
        return Table((*kept, *made))
    return replace(table, columns=(*kept, *made))


def _made(name: str, values: Sequence[Any]) -> Column:
    if any(isinstance(x, str) for x in values):
        return Column(name, texts=tuple(values))
    return Column(name, numbers=np.asarray(values, float))


def unit_names(group: str, shape: Sequence[int]) -> list[str]:
    """A name for every unit of a group: `h0`, `h1`, ..., or `h0_1` of several axes."""
    if not shape:
        return [group]
    return [f"{group}{'_'.join(map(str, at))}" for at in product(*map(range, shape))]


def cells(table: Table, most: int | None = None) -> Iterator[list[str]]:
    """The rows as text, at `most` so many, the heading first; numbers of single precision."""
    yield list(table.names)
    yield from map(list, zip(*(_shown(c, most) for c in table.columns), strict=True))


def _shown(column: Column, most: int | None) -> list[str]:
    if column.texts is not None:
        return [x or "" for x in column.texts[:most]]
    return [
        "" if np.isnan(x) else number_text(x) if float(x).is_integer() else f"{x:.{DIGITS}g}"
        for x in column.real()[:most]
    ]
