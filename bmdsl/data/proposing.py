"""From a table to the groups of a model that fits its columns: a first guess, to be read and
changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..language.diagnostics import fail
from ..language.syntax_errors import KEYWORDS
from .clock_times import hours_of
from .column_kinds import Kind, kind_of
from .date_columns import learn_dates
from .delimited import as_number
from .marks import Marks
from .missing_marks import Suspect, entries_of, quoted, suspected, suspects
from .selecting import absent
from .table import Column, Table

TAKEN = frozenset({*KEYWORDS, "h", "H", "v", "x", "n", "y", "id", "missing"})
"""Names that the proposed model has for something else."""
MIN_RANGE = 3
"""Neighbouring columns from which on a range is shorter than their names."""


@dataclass(frozen=True)
class Seen:
    """One column with what it seems to be, and its missing cells."""

    name: str
    kind: Kind
    missing: int


@dataclass(frozen=True)
class Proposed:
    """One group: its units, its columns and the transform that they need."""

    name: str
    unit: str
    columns: tuple[str, ...]
    transform: str = ""
    what: str = ""

    @property
    def declaration(self) -> str:
        """`satisfaction : categorical(5)`, `v[12] : binary`."""
        shape = "" if self.single else f"[{len(self.columns)}]"
        return f"{self.name}{shape} : {self.unit}"

    @property
    def single(self) -> bool:
        """Whether the group is one unit without a subscript."""
        return len(self.columns) == 1 and self.name != "v"


@dataclass(frozen=True)
class Proposal:
    """Every column seen, the groups, columns that are carried through, and those left out."""

    columns: tuple[Seen, ...]
    groups: tuple[Proposed, ...]
    ids: tuple[str, ...]
    names: tuple[str, ...]
    marks: Marks = Marks()
    suspects: tuple[Suspect, ...] = ()
    """Marks that may stand for missing cells too, and that the groups take as they are."""
    named: tuple[Suspect, ...] = ()
    """Texts among numbers that are named as marks: units could not take them."""

    def block(self, path: str | None, indent: str = "  ") -> list[str]:
        """The data block's lines."""
        entries = [(g.name, written(g.columns, self.names)) for g in self.groups]
        entries += [("id", written(self.ids, self.names))] if self.ids else []
        entries += entries_of(self.marks)
        width = max((len(n) for n, _ in entries), default=0)
        named = f' "{path}"' if path else ""
        return [
            f"{indent}data{named} {{",
            *(f"{indent}  {n:{width}} = {columns}" for n, columns in entries),
            f"{indent}}}",
        ]


def propose(
    table: Table,
    marks: Marks = Marks(),  # noqa: B008  # it is frozen
    days: Sequence[str] = (),
    hours: Sequence[str] = (),
) -> Proposal:
    """Groups of columns of one kind: yes and no together, categories of one list together, real
    numbers together, the dates of `days`, and the times of `hours`, which are durations.
    """
    for name in (*days, *hours):
        if name not in table.names:
            raise absent(name, table.names, table.source)
    for name in days:
        learn_dates(table[name], table, marks)
    for name in hours:
        verify_hours(table[name], table, marks)
    named = tuple(x for c in table.columns for x in _among_numbers(c, marks))
    for suspect in named:
        marks = suspect.joined(marks)
    kinds = {c.name: kind_of(c, marks) for c in table.columns}
    kinds |= {n: replace(kinds[n], unit="gaussian", why="") for n in days}
    kinds |= {n: Kind("durations", "gaussian") for n in hours}
    seen = tuple(Seen(c.name, kinds[c.name], int(c.missing(marks).sum())) for c in table.columns)
    by: dict[tuple[str, ...], list[Seen]] = {}
    for s in seen:
        if s.kind.unit:
            own = s.kind.levels if s.kind.unit == "categorical" else (_transform(s.kind),)
            by.setdefault((s.kind.unit, *own), []).append(s)
    groups: list[Proposed] = []
    taken = set(TAKEN)
    for key, members in by.items():
        kind = members[0].kind
        names = tuple(m.name for m in members)
        name = _group_name(kind, names, taken)
        taken.add(name)
        unit = {"categorical": f"categorical({len(key) - 1})", "gaussian": "gaussian(sigma = 2)"}
        what = ", ".join(dict.fromkeys(m.kind.name for m in members))
        if kind.unit == "categorical":
            what += f": {_short(kind.levels)}"
        groups.append(Proposed(name, unit.get(kind.unit, kind.unit), names, _transform(kind), what))
    ids = tuple(s.name for s in seen if s.kind.name == "id")
    doubtful = suspects((c for c in table.columns if _would_be_data(c, marks)), marks)
    return Proposal(seen, tuple(groups), ids, table.names, marks, doubtful, named)


def _among_numbers(column: Column, marks: Marks) -> list[Suspect]:
    """Texts that look like marks of missing cells where all others are numbers, and more than a
    scale of some: of a scale they may be one more category.
    """
    if column.texts is None or column.categories or column.as_numbers(marks) is not None:
        return []
    found = {x: n for x, n in suspected(column, marks).items() if as_number(x) is None}
    known = marks.and_of(column.name, tuple(found))
    if not found or column.as_numbers(known) is None:
        return []
    if kind_of(column, known).unit not in ("gaussian", "poisson"):
        return []
    return [Suspect(x, (column.name,), n, alone=True) for x, n in found.items()]


def verify_hours(column: Column, table: Table, marks: Marks) -> None:
    """BmError BM744 for a column that does not hold times."""
    gone = column.missing(marks)
    if column.form.clock and column.as_numbers(marks) is not None:
        return
    wrong = (k for k, no in enumerate(gone) if not no and hours_of(column.shown[k]) is None)
    row = next(wrong, 0)
    raise fail(
        "BM744",
        f"column `{column.name}` of {table.source} holds no durations: `{column.shown[row]:.40}` in"
        f" {table.place(row)}",
        help="durations are written as 1:05, 0:41:30 or 26:10:00",
    )


def _would_be_data(column: Column, marks: Marks) -> bool:
    """Whether units could take the column without the cells that look like missing ones."""
    kind = kind_of(column, marks.and_of(column.name, tuple(suspected(column, marks))))
    return bool(kind.unit or kind.dated)


def _transform(kind: Kind) -> str:
    if kind.unit != "gaussian":
        return ""
    if kind.dated:
        return "days, standardize"
    return "log, standardize" if kind.name.startswith("skewed") else "standardize"


def _group_name(kind: Kind, names: Sequence[str], taken: set[str]) -> str:
    """`v` of yes and no, a column's own name where it is alone, what names begin with, or a letter
    by the kind.
    """
    if kind.unit == "binary":
        return "v"
    begin = re.sub(r"[\W\d_]+$", "", names[0] if len(names) == 1 else os.path.commonprefix(names))
    for own in ([names[0]] if len(names) == 1 else []) + [begin]:
        if own.isidentifier() and own not in taken and not own.startswith(("W_", "b_", "p_")):
            return own
    letter = {"categorical": "s", "poisson": "n"}.get(kind.unit, "x")
    if kind.name.startswith("skewed"):
        letter = "y"
    if letter in ("x", "n", "y") and f"{letter}1" not in taken:
        letter = letter if letter not in taken - TAKEN else letter
        if letter not in taken - TAKEN:
            return letter
    return next(f"{letter}{k}" for k in range(1, 10**6) if f"{letter}{k}" not in taken)


def written(columns: Sequence[str], names: Sequence[str]) -> str:
    """Columns as a data block writes them: ranges where three or more stand side by side."""
    places = [list(names).index(c) for c in columns]
    parts: list[str] = []
    start = 0
    for k in range(1, len(places) + 1):
        if k < len(places) and places[k] == places[k - 1] + 1:
            continue
        run = columns[start:k]
        if len(run) >= MIN_RANGE:
            parts.append(f"{quoted(run[0])}..{quoted(run[-1])}")
        else:
            parts += map(quoted, run)
        start = k
    return ", ".join(parts)


def _short(levels: Iterable[str]) -> str:
    shown = list(levels)
    return ", ".join(shown[:8]) + (", ..." if len(shown) > 8 else "")
