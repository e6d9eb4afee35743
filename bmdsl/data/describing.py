"""A table in words: its columns' kinds, values and missing cells, and what declarations fit."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import counted
from .column_kinds import NO_HOURS, NO_NUMBER
from .marks import Marks
from .missing_marks import entries_of
from .proposing import Proposal, Seen, propose
from .selecting import absent
from .table import Column, Table, number_text
from .table_files import load_table

MAX_LEVELS, MAX_WIDTH = 6, 44


@dataclass(frozen=True)
class Description:
    """A table with what is proposed for it."""

    name: str
    table: Table
    proposal: Proposal

    def rows(self) -> list[tuple[str, ...]]:
        """A line a column: name, kind, values, missing cells, units."""
        head = ("column", "kind", "values", "missing", "units")
        marks = self.proposal.marks
        return [
            head,
            *(
                (s.name, kind_shown(s, c), values(c, s, marks), str(s.missing or ""), units_of(s))
                for s, c in zip(self.proposal.columns, self.table.columns, strict=True)
            ),
        ]

    def lines(self) -> list[str]:
        """The same as lines of text."""
        rows = self.rows()
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        return [
            "  ".join(f"{x:{w}}" for x, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]

    def head(self) -> str:
        """`survey.csv: 800 rows, 15 columns, 545 cells missing (4.5 %)`."""
        missing = sum(s.missing for s in self.proposal.columns)
        cells = len(self.table) * len(self.table.columns)
        share = f", {counted(missing, 'cell')} missing ({100 * missing / cells:.1f} %)"
        size = f"{counted(len(self.table), 'row')}, {counted(len(self.table.columns), 'column')}"
        return f"{self.name}: {size}{share if missing else ', no cell missing'}"

    def declarations(self) -> list[str]:
        """The units and the data block that a model of the table would have."""
        groups = self.proposal.groups
        width = max((len(g.declaration.partition(" :")[0]) for g in groups), default=0)
        lines = []
        for g in groups:
            name, _, unit = g.declaration.partition(" : ")
            lines.append(f"  visible {name:{width}} : {unit}")
        return [*lines, *self.proposal.block(self.name)]

    def doubts(self) -> list[str]:
        """Lines about cells that look like marks of missing ones, and how to say that they are."""
        found = self.proposal.suspects
        told = [f"named as a mark of missing cells: {s}" for s in self.proposal.named]
        if not found:
            return told
        given = " ".join(f"--missing {shlex.quote(x)}" for s in found for x in s.options)
        marks = self.proposal.marks
        for s in found:
            marks = s.joined(marks)
        entries = "  ".join(f"{n} = {x}" for n, x in entries_of(marks))
        return [
            *told,
            f"perhaps marks of missing cells: {'; '.join(map(str, found))}",
            f"  if they are, name them: `{given}` here and for `bm new`,",
            f"  or `{entries}` in a data block; else they are values like others",
        ]

    def of_dates(self) -> list[str]:
        """How to learn the columns of dates, which no units take as they are."""
        found = [s for s in self.proposal.columns if s.kind.why == NO_NUMBER]
        if not found:
            return []
        name = found[0].name
        return [
            f"dates are left out: {', '.join(s.name for s in found)}; `bm new NAME --from"
            f" {self.name} --days {shlex.quote(name)}`",
            f"  learns `{name}` as days since its first date; for what comes back, as weekdays and"
            " months do, make a column of categories",
        ]

    def of_hours(self) -> list[str]:
        """How to learn columns of times that are durations."""
        found = [s for s in self.proposal.columns if s.kind.why == NO_HOURS]
        if not found:
            return []
        name = found[0].name
        return [
            f"times are left out: {', '.join(s.name for s in found)}; if they are durations,"
            f" `bm new NAME --from {self.name} --hours {shlex.quote(name)}`",
            f"  learns `{name}` as hours; of times of day make parts of the day, as categories",
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        rows = self.rows()
        return {
            "file": self.name,
            "rows": len(self.table),
            "columns": [dict(zip(rows[0], row, strict=True)) for row in rows[1:]],
            "declarations": self.declarations(),
            "suspects": [
                {"mark": s.mark, "columns": list(s.columns), "cells": s.cells}
                for s in self.proposal.suspects
            ],
        }


def describe(
    source: Any,
    marks: Marks | Sequence[str] = (),
    days: Sequence[str] = (),
    hours: Sequence[str] = (),
) -> Description:
    """What the columns of a table seem to be; `marks` are missing cells besides the usual ones,
    `age=-9` those of the column `age`. Columns of dates named in `days` are numbers,
    and columns of times named in `hours` durations.

    BmError BM740 for a column that is not there, BM744 for one that holds no dates or times.
    """
    table = load_table(source)
    known = marks if isinstance(marks, Marks) else Marks.given(marks, table.names)
    for mark in known.common:
        if "=" in mark and not any(mark in c.shown for c in table.columns):
            raise absent(mark.partition("=")[0].strip(), table.names, table.source)
    name = Path(source).name if isinstance(source, str | Path) else table.source
    return Description(name, table, propose(table, known, days, hours))


def kind_shown(s: Seen, column: Column) -> str:
    """The kind, and how its numbers are written where that is not plain: `numbers (kg)`."""
    form = column.form.shown if column.as_numbers() is not None else ""
    return f"{s.kind.name} ({form})" if form and s.kind.unit else s.kind.name


def units_of(s: Seen) -> str:
    """The units that a column would take, or what becomes of it."""
    kind = s.kind
    if kind.name == "id":
        return "none: carried through as an id"
    if not kind.unit:
        return f"left out: {kind.why}"
    if kind.unit == "categorical":
        return f"categorical({len(kind.levels)})"
    if kind.unit == "gaussian":
        of = (
            " of days"
            if kind.dated
            else ", of logarithms"
            if kind.name.startswith("skewed")
            else ""
        )
        return f"gaussian{of}"
    return kind.unit


def values(column: Column, s: Seen, marks: Marks | Sequence[str] = ()) -> str:
    """The levels with their shares, or least, mean and greatest of numbers, or first and last
    date.
    """
    gone = column.missing(marks)
    there = [x for x, no in zip(column.shown, gone, strict=True) if not no]
    if not there:
        return ""
    if s.kind.dated:
        return " to ".join(s.kind.dated)
    numbers = column.as_numbers(marks)
    if column.form.clock and numbers is not None:
        ends = (float(np.nanmin(numbers)), float(np.nanmax(numbers)))
        return " to ".join(column.form.written(repr(x)) for x in ends)
    if s.kind.levels or numbers is None:
        counts = Counter(there)
        shown = list(s.kind.levels or counts)[:MAX_LEVELS]
        if max(counts.values()) == 1:
            return _cut(f"{there[0]}, {there[-1] if len(there) < 3 else there[1]}, ...")
        parts = [f"{x} {_share(counts[x], len(there))}" for x in shown]
        return _cut(", ".join(parts) + (", ..." if len(counts) > len(shown) else ""))
    x = numbers[~np.isnan(numbers)]
    low, high = number_text(float(x.min())), number_text(float(x.max()))
    return f"{low} to {high}, mean {x.mean():.4g}, std {x.std():.3g}"


def _share(count: int, of: int) -> str:
    """`44 %`, and `<1 %` of a rare value."""
    return "<1 %" if 0 < count < 0.01 * of else f"{100 * count / of:.0f} %"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WIDTH else text[: MAX_WIDTH - 3] + "..."
