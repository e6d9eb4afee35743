"""What is said of columns that a model takes as something they hardly are, and of codes that were
chosen for the user.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from .. import units
from ..language.diagnostics import BmWarning, Diagnostic
from ..language.model import Group
from .column_kinds import Kind, kind_of
from .delimited import TWO_VALUED
from .levels import Coded
from .marks import Marks
from .missing_marks import suspects
from .notice import say
from .table import Column, Table, number_text

MAX_SPREAD = 10.0
"""Standard deviations (or means) of a unit of variance 1 that need no transform."""


def notice(
    column: Column, kind: Kind, group: Group, table: Table, marks: Marks, transformed: bool
) -> None:
    """Warns of a column of ids (BM748), or of a few values or codes as real numbers (BM747, BM749),
    with the way out.
    """
    where = f"column `{column.name}` of {table.source}"
    if kind.name == "id":
        _warn(
            "BM748",
            f"{where} is data of `{group.name}`, but seems to be an id: {kind.why}",
            f"`id = {column.name}` carries it through",
            group,
        )
        return
    unit = units.get(group.unit)
    if unit.support(*(float(v) for _, v in group.options)) is not None or not is_real(group):
        return
    if kind.name == "codes":
        _warn(
            "BM749",
            f"{where} is taken as a number, but seems to hold codes: {_few(kind.levels)}",
            f"a group of its own: `visible {_name(column)} : categorical({len(kind.levels)})`",
            group,
        )
    elif len(kind.levels) > 1:
        k = len(kind.levels)
        cure = f"`visible {_name(column)} : categorical({k})`"
        cure += "" if k == 2 else f", or `binomial({k - 1})`, which knows the order of the values"
        _warn(
            "BM747",
            f"{where} has {k} values, {_few(kind.levels)}, but {group.unit} units are real numbers",
            cure if k > 2 else f"`visible {_name(column)} : binary`",
            group,
        )
    elif kind.dated:
        _warn(
            "BM749",
            f"{where} is taken as a number, but seems to hold dates, {' to '.join(kind.dated)}",
            f"`transform({group.name}) days, standardize` in the train block",
            group,
        )
    elif not transformed:
        _tell_of_spread(column, group, table, marks)


def _tell_of_spread(column: Column, group: Group, table: Table, marks: Marks) -> None:
    """Notes values far from 0 or far apart, which train badly as they are."""
    x = column.as_numbers(marks)
    if x is None or np.isnan(x).all():
        return
    mean, std = float(np.nanmean(x)), float(np.nanstd(x))
    if std > MAX_SPREAD or abs(mean) > MAX_SPREAD * max(std, 1.0) or abs(mean) > MAX_SPREAD:
        say(
            f"column `{column.name}` of {table.source} has mean {mean:.3g} and standard deviation"
            f" {std:.3g}: `transform({group.name}) standardize` in the train block makes them 0"
            " and 1, which trains better"
        )


def tell_of_code(coded: Sequence[Coded], group: Group, table: Table) -> None:
    """Notes which value is which state, where that was not plain."""
    for c in coded:
        two = len(c.levels) <= 2 and all(x.lower() in TWO_VALUED for x in c.levels)
        shift = group.states is None and bool(c.levels)
        if shift and not two:
            pairs = ", ".join(
                f"`{x}` is {number_text(v)}" for x, v in zip(c.levels[:6], c.values, strict=False)
            )
            say(f"column `{c.column}` of {table.source}: {pairs}")


def tell_of_dates(column: Column, group: Group, table: Table, marks: Marks) -> None:
    """Warns of dates as categories, BM749."""
    kind = kind_of(column, marks)
    if kind.dated:
        _warn(
            "BM749",
            f"column `{column.name}` of {table.source} holds dates, {' to '.join(kind.dated)}, and"
            f" {group.unit} units take every date as a category of its own",
            f"`visible {_name(column)} : gaussian(sigma = 2)` and `transform({_name(column)}) days,"
            f" standardize`; or `id = {column.name}`, which carries it through",
            group,
        )


def tell_of_marks(columns: Sequence[Column], table: Table, marks: Marks) -> None:
    """Notes cells that look like marks of missing ones, with the entry that makes them such."""
    for s in suspects(columns, marks):
        say(
            f"{s} of {table.source}: a mark of missing cells? Then `{s.entry(marks)}` in the data"
            " block; else it is a value like others"
        )


def tell_of_forms(columns: Sequence[Column], table: Table, marks: Marks) -> None:
    """Notes numbers with marks between thousands, and times as hours, each by one of its cells."""
    for c in columns:
        numbers = c.as_numbers(marks) if c.form.thousands or c.form.clock else None
        if numbers is None:
            continue
        looked = (
            k
            for k, x in enumerate(c.shown)
            if not np.isnan(numbers[k]) and (c.form.clock or c.form.thousands in x)
        )
        if (row := next(looked, None)) is not None:
            unit = " hours" if c.form.clock else ""
            say(
                f"column `{c.name}` of {table.source}: `{c.shown[row]}` is"
                f" {number_text(float(f'{numbers[row]:.6g}'))}{unit}"
            )


def is_real(group: Group) -> bool:
    """Whether its units take any real number."""
    low, high = units.get(group.unit).ends(*(float(v) for _, v in group.options))
    return bool(np.isinf(low) and np.isinf(high))


def _few(levels: Sequence[str]) -> str:
    return ", ".join(levels[:6]) + (", ..." if len(levels) > 6 else "")


def _name(column: Column) -> str:
    return column.name if column.name.isidentifier() else "s"


def _warn(code: str, message: str, help: str, group: Group) -> None:
    made = Diagnostic(code, message, group.span, helps=(help,), level="warning")
    warnings.warn(BmWarning(made), stacklevel=2)
