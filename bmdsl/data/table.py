"""A table of named columns as it came: cells of text, or numbers, before it is known what a model
makes of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..files import put, with_ending
from ..language.diagnostics import fail
from ..registry import Shown, discover
from .dates import Dates, dates_of, moment_text, moments_of
from .delimited import as_number
from .marks import Marks, marks_of
from .number_forms import PLAIN, NumberForm, form_of

DECIMALS = re.compile(r"[-+]?\d*\.?(\d{0,6})")
FORMATS = "bmdsl.data.tables"
ENDINGS = (".csv", ".tsv", ".parquet", ".xlsx")
"""Of tables that can be written."""
ABSENT = frozenset({"", "na", "nan", "n/a", "null", "?", "<na>"})
"""Cells that are missing in any column, in small letters."""
ABSENT_NUMBERS = ABSENT | {"none", "-", "."}
"""Cells that are missing in a column whose other cells are numbers: `none` may be a category."""


MOMENTS = ("date", "datetime", "Timestamp")
"""Types of dates that results have again."""
DURATIONS = ("timedelta", "Timedelta", "time")
"""Types of cells that are hours."""


@dataclass(frozen=True)
class Column:
    """One column: its cells as text (None where the source says that one is missing), or, of typed
    sources, numbers with NaN. `categories` are the source's own, in its order.
    """

    name: str
    texts: tuple[str | None, ...] | None = field(default=None, repr=False)
    numbers: np.ndarray | None = field(default=None, repr=False)
    categories: tuple[str, ...] = ()
    alien: str = ""
    """The type of cells that are neither, as `datetime`."""
    form: NumberForm = PLAIN
    """How numbers in text are written: with a comma before fractions, or in `kg`."""

    def __len__(self) -> int:
        return len(self.texts if self.texts is not None else self.real())

    def plain(self, text: str) -> str:
        """A cell with its number as `float` reads it."""
        return self.form.plain(text)

    def real(self) -> np.ndarray:
        """The numbers of a typed source."""
        assert self.numbers is not None
        return self.numbers

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """Every cell as text, a missing one as nothing."""
        if self.texts is not None:
            return tuple(x or "" for x in self.texts)
        return tuple("" if np.isnan(x) else number_text(x) for x in self.real())

    def missing(self, marks: Marks | Sequence[str] = ()) -> np.ndarray:
        """[rows]: cells that are empty, or one of the usual marks or of the column's `marks`, of
        which `-9` is `-9.0` too.
        """
        key = marks_of(marks, self.name)
        if key not in self._found:
            self._found[key] = self._missing(key)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[str, ...], np.ndarray]:
        """Marks → missing cells, which are asked for many times."""
        return {}

    def _missing(self, marks: tuple[str, ...]) -> np.ndarray:
        extra = {x for m in marks if (x := as_number(m)) is not None}
        if self.texts is None:
            return np.asarray(np.isnan(self.real()) | np.isin(self.real(), list(extra)))
        given = {m.strip().lower() for m in marks}
        cells = [None if x is None else self.plain(x.strip().lower()) for x in self.texts]
        if extra:
            given |= {x for x in set(cells) if x is not None and as_number(x) in extra}
        usual = ABSENT_NUMBERS if _numeric(cells, ABSENT_NUMBERS | given) else ABSENT
        if self.categories:
            usual = frozenset()
        return np.array([x is None or x in usual or x in given for x in cells], bool)

    def dates(self, marks: Marks | Sequence[str] = (), pattern: str = "") -> Dates | None:
        """Its cells as dates, written as a `pattern` that was learned; None where they are none."""
        return dates_of(self.shown, self.missing(marks), pattern)

    def as_numbers(self, marks: Marks | Sequence[str] = ()) -> np.ndarray | None:
        """float64 [rows], missing cells NaN; None where a cell is no number."""
        gone = self.missing(marks)
        if self.texts is None:
            return np.where(gone, np.nan, self.real())
        out = np.full(len(gone), np.nan)
        for k, text in enumerate(self.texts):
            if not gone[k]:
                value = None if text is None else as_number(self.plain(text))
                if value is None:
                    return None
                out[k] = value
        return out

    def decimals(self, marks: Marks | Sequence[str] = ()) -> int | None:
        """Digits after the point that its numbers have at most; None of more than six, of exponents
        and of texts.
        """
        gone = self.missing(marks)
        most = 0
        for k, text in enumerate(self.shown):
            if not gone[k]:
                found = DECIMALS.fullmatch(self.plain(text.strip()))
                if found is None:
                    return None
                most = max(most, len(found[1]))
        return most


def _numeric(cells: Sequence[str | None], absent: frozenset[str] | set[str]) -> bool:
    """Whether all cells but missing ones are numbers, and there are some."""
    there = [x for x in cells if x is not None and x not in absent]
    return bool(there) and all(as_number(x) is not None for x in there)


@dataclass(frozen=True)
class Table(Shown):
    """Columns of one length, by name; `source` begins messages about it."""

    columns: tuple[Column, ...]
    source: str = "the table"
    native: Any = field(default=None, repr=False, compare=False)
    """The data frame that it came from, None for a file: results are given back as one."""
    lines: tuple[int, ...] = field(default=(), repr=False, compare=False)
    """The line of the file that every row stands in, where there are lines."""
    separator: str = field(default=",", repr=False, compare=False)
    """Between cells, of a table in text."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(c.name for c in self.columns)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __getitem__(self, name: str) -> Column:
        return self.columns[self.names.index(name)]

    def __repr__(self) -> str:
        """`Table of 800 rows: id, smokes, ...`."""
        shown = ", ".join(self.names[:8]) + (", ..." if len(self.names) > 8 else "")
        return f"Table of {len(self):,} rows: {shown}"

    def to_dict(self) -> dict[str, list[Any]]:
        """Column → its cells: numbers where all of them are, else texts; None where one is
        missing. `pandas.DataFrame(table.to_dict())` is the same as a data frame.
        """
        return {c.name: _values(c, self.native is not None) for c in self.columns}

    def write(self, path: str | Path) -> Path:
        """Writes the table as the file's ending says: `.csv`, `.tsv`, `.parquet`, `.xlsx`. Never
        half a file.

        BmError BM787 for another ending.
        """
        place = with_ending(Path(path), ENDINGS)
        place.parent.mkdir(parents=True, exist_ok=True)
        module = discover(FORMATS)[place.suffix.lower().removeprefix(".")]
        return put(place, lambda beside: module.write(beside, self))

    def place(self, row: int) -> str:
        """`line 7` of a file of lines, else `row 6`."""
        return f"line {self.lines[row]}" if self.lines else f"row {row + 1}"

    def verify(self) -> Table:
        """The table; BmError BM746 for two columns of one name, BM712 for one without rows."""
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise fail(
                    "BM746",
                    f"{self.source} has two columns `{name}`",
                    help="rename one: a column is meant by its name",
                )
            seen.add(name)
        if not self.columns or not len(self):
            raise fail("BM712", f"{self.source} holds no cases")
        return self


def _values(column: Column, of_frame: bool) -> list[Any]:
    """Cells as Python's; a frame has its texts again, as `1,5`, where a file has numbers."""
    numbers = None if column.categories else column.as_numbers()
    if column.alien in MOMENTS:
        return moments_of(column.shown, column.alien)
    if numbers is not None and column.alien in DURATIONS and column.alien != "time":
        return [None if np.isnan(x) else timedelta(seconds=round(3600 * x, 6)) for x in numbers]
    if numbers is None or column.form.unit or (of_frame and column.form != PLAIN):
        return list(column.texts or ())
    whole = bool((np.isnan(numbers) | (numbers == np.round(numbers))).all())
    return [None if np.isnan(x) else int(x) if whole else float(x) for x in numbers]


def number_text(x: float) -> str:
    """A number in as few digits as tell it from its neighbours in single precision."""
    return str(int(x)) if float(x).is_integer() and abs(x) < 1e15 else f"{x:.9g}"


def of_columns(columns: Mapping[str, Sequence[Any] | np.ndarray], source: str) -> Table:
    """A table of Python values by column: numbers, truth values, texts, None."""
    return Table(tuple(typed(str(n), list(x)) for n, x in columns.items()), source).verify()


def typed(name: str, values: Sequence[Any], categories: Sequence[Any] = ()) -> Column:
    """A column of Python or NumPy values, numbers where all of them are.

    Truth values become `yes` and `no`'s kin `true`, `false`.
    """
    cells = [None if _is_absent(x) else x for x in values]
    there = [x for x in cells if x is not None]
    known = tuple(_text(x) for x in categories)
    if any(
        not isinstance(x, str | bytes | bool | np.bool_ | int | float | np.number) for x in there
    ):
        alien = next(
            type(x).__name__
            for x in there
            if not isinstance(x, str | bytes | bool | np.bool_ | int | float | np.number)
        )
        if not all(hasattr(x, "__float__") for x in there):
            shown = tuple(None if x is None else moment_text(x) for x in cells)
            form = form_of([x for x in shown if x]) if alien in DURATIONS else PLAIN
            return Column(name, shown, alien=alien, form=form)
    if not known and all(not isinstance(x, str | bytes | bool | np.bool_) for x in there):
        return Column(
            name, numbers=np.array([np.nan if x is None else float(x) for x in cells], float)
        )
    texts = tuple(None if x is None else _text(x) for x in cells)
    form = PLAIN if known else form_of([x for x in texts if x])
    return Column(name, texts, None, known, form=form)


def _is_absent(x: Any) -> bool:
    return (
        x is None
        or type(x).__name__ in ("NAType", "NaTType", "NullType")
        or (isinstance(x, float | np.floating) and bool(np.isnan(x)))
    )


def _text(x: Any) -> str:
    if isinstance(x, bool | np.bool_):
        return "true" if x else "false"
    if isinstance(x, bytes):
        return x.decode()
    return number_text(float(x)) if isinstance(x, int | float | np.number) else str(x)
