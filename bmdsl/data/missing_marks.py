"""Cells of a table that look like marks of missing ones: words such as `unknown`, texts among
numbers, numbers such as -9 and 999 that stand apart from all others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..language.diagnostics import counted
from ..language.syntax_errors import KEYWORDS
from .dates import Dates, date_text
from .marks import Marks
from .table import Column, number_text

WORDS = frozenset(
    {
        *("missing", "missing value", "unknown", "not known", "undefined", "unspecified"),
        *("not specified", "not stated", "not available", "not applicable", "not answered"),
        *("no answer", "no response", "no data", "refused", "declined", "prefer not to say"),
        *("don't know", "dont know", "do not know", "dk", "n.a.", "n.a", "n. a.", "nd", "n.d."),
        *("k.a.", "k. a.", "keine angabe", "nil", "void", "blank", "(blank)", "(null)"),
        *("#n/a", "#null!", "#value!", "#div/0!", "-", "--", "---", ".", "..", "...", "*", "xx"),
    }
)
"""Texts in small letters that say that nothing is known. `none` is as often a category."""
SENTINEL = re.compile(r"-1|-?(7+|8+|9+|9+[678])")
"""Numbers that surveys and instruments write for what is missing."""
NO_DATES = frozenset(
    {
        *("0001-01-01", "1111-11-11", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31"),
        *("1900-01-01", "1970-01-01", "2099-12-31", "2999-12-31", "3000-01-01", "9999-12-31"),
    }
)
"""Dates that systems write for what is missing."""
MIN_CELLS = 2
"""A number that stands apart in one row alone is rather a rare value, or a slip."""
MAX_TEXTS, MIN_NUMBERS = 3, 0.5
"""Different texts in a column of numbers that are taken for marks, and the share of numbers."""
MAX_FEW = 12
"""Different values up to which numbers are a scale, which has no gaps."""
MIN_GAP = 3
"""Steps from the end of a scale to a mark: of 1 to 5, 8 is no answer that was left out."""
MIN_SPIKE, SPIKE = 5, 3.0
"""Cells, and times as many as other values have on average, of a number that is no rare value."""


@dataclass(frozen=True)
class Suspect:
    """A mark that may stand for missing cells of some columns."""

    mark: str
    columns: tuple[str, ...]
    cells: int
    alone: bool = False
    """Whether other columns hold it as a value, so that it is a mark of these columns only."""

    @property
    def options(self) -> tuple[str, ...]:
        """What `--missing` names it by."""
        if not self.alone:
            return (self.mark,)
        if any("," in c or "=" in c for c in self.columns):
            return tuple(f"{c}={self.mark}" for c in self.columns)
        return (f"{','.join(self.columns)}={self.mark}",)

    def joined(self, marks: Marks) -> Marks:
        """These marks and it."""
        if not self.alone:
            return Marks((*marks.common, self.mark), marks.own)
        for c in self.columns:
            marks = marks.and_of(c, (self.mark,))
        return marks

    def entry(self, marks: Marks) -> str:
        """The data block's entry with it: `missing = -9`, `missing(age) = -9`."""
        before = dict(entries_of(marks))
        return ", ".join(
            f"{n} = {x}" for n, x in entries_of(self.joined(marks)) if before.get(n) != x
        )

    def __str__(self) -> str:
        """`-9` in age, income (41 cells)."""
        shown = ", ".join(self.columns[:4]) + (", ..." if len(self.columns) > 4 else "")
        return f"`{self.mark}` in {shown} ({counted(self.cells, 'cell')})"


def mark_text(mark: str) -> str:
    """A mark as a data block writes it: `-9`, `"refused"`."""
    return mark if re.fullmatch(r"-?(0|[1-9]\d*)", mark) else '"' + mark.replace('"', "?") + '"'


def entries_of(marks: Marks) -> list[tuple[str, str]]:
    """The entries of a data block for marks, name and list: columns of the same marks together."""
    made = [("missing", ", ".join(map(mark_text, marks.common)))] if marks.common else []
    alike: dict[tuple[str, ...], list[str]] = {}
    for column, own in marks.own.items():
        alike.setdefault(own, []).append(column)
    for own, columns in alike.items():
        made.append((f"missing({', '.join(map(quoted, columns))})", ", ".join(map(mark_text, own))))
    return made


def quoted(name: str) -> str:
    """A column's name as it stands in a text: in quotes where it is no plain name."""
    if name.isidentifier() and name not in KEYWORDS:
        return name
    return '"' + name.replace('"', "?").replace("\n", "?") + '"'


def suspected(column: Column, marks: Marks | Sequence[str] = ()) -> dict[str, int]:
    """Mark → cells of one column that look like missing ones and are not yet told by `marks`."""
    gone = column.missing(marks)
    cells = Counter(x.strip() for x, no in zip(column.shown, gone, strict=True) if not no)
    if column.categories or column.alien or len(cells) < 2:
        return {x: n for x, n in cells.items() if x.lower() in WORDS} if column.categories else {}
    if (dates := column.dates(marks)) is not None and not dates.doubt:
        return _no_dates(column, dates, cells)
    texts = {x: n for x, n in cells.items() if _number(column, x) is None}
    numbers = sum(cells.values()) - sum(texts.values())
    found = {x: n for x, n in texts.items() if x.lower() in WORDS}
    if texts and len(texts) <= MAX_TEXTS and numbers >= MIN_NUMBERS * sum(cells.values()):
        found = texts
    if len(found) == len(texts):
        found |= _apart(
            {x: n for x, n in cells.items() if x not in texts and x.lower() not in WORDS}, column
        )
    return found


def suspects(columns: Iterable[Column], marks: Marks | Sequence[str] = ()) -> tuple[Suspect, ...]:
    """The marks that columns of data seem to have, each once, in the order of the columns."""
    places: dict[str, list[str]] = {}
    cells: Counter[str] = Counter()
    looked = list(columns)
    for column in looked:
        for mark, count in suspected(column, marks).items():
            places.setdefault(mark, []).append(column.name)
            cells[mark] += count
    return tuple(
        Suspect(
            mark,
            tuple(names),
            cells[mark],
            any(c.name not in names and mark in _values(c, marks) for c in looked),
        )
        for mark, names in places.items()
    )


def _values(column: Column, marks: Marks | Sequence[str]) -> set[str]:
    """The cells that are there, each text once."""
    gone = column.missing(marks)
    return {x.strip() for x, no in zip(column.shown, gone, strict=True) if not no}


def _no_dates(column: Column, dates: Dates, cells: Mapping[str, int]) -> dict[str, int]:
    """Cells of a column of dates that are none, and dates such as 9999-12-31 that are farther from
    all others than these are from one another.
    """
    found = {x: cells[x] for k in dates.wrong if (x := column.shown[k].strip())}
    day_of = {column.shown[k].strip(): float(x) for k, x in enumerate(dates.days) if x == x}
    marks = {
        x: day
        for x, day in day_of.items()
        if cells[x] >= MIN_CELLS and date_text(day, "%Y-%m-%d") in NO_DATES
    }
    rest = [day for x, day in day_of.items() if x not in marks]
    if rest:
        low, high = min(rest), max(rest)
        found |= {
            x: cells[x] for x, day in marks.items() if max(low - day, day - high) > high - low
        }
    return found


def _number(column: Column, text: str) -> float | None:
    found = Column("", (text,), form=column.form).as_numbers()
    return None if found is None or np.isnan(found[0]) else float(found[0])


def _apart(cells: dict[str, int], column: Column) -> dict[str, int]:
    """Numbers such as -9 and 999 at either end of a column's numbers, and far from them."""
    counts: Counter[float] = Counter()
    for text, count in cells.items():
        value = _number(column, text)
        assert value is not None
        counts[value] += count
    found: dict[str, int] = {}
    for downwards in (True, False):
        ordered = sorted(counts, reverse=downwards)
        for several in range(min(MAX_TEXTS, len(counts) - 2), 0, -1):  # as 997, 998 and 999
            own = ordered[:several]
            rest = {x: n for x, n in counts.items() if x not in own}
            if all(_is_sentinel(x, counts[x], rest) for x in own):
                found |= {number_text(x): counts.pop(x) for x in own}
                break
    return found


def _is_sentinel(value: float, count: int, rest: dict[float, int]) -> bool:
    if count < MIN_CELLS or not SENTINEL.fullmatch(number_text(value)):
        return False
    low, high = min(rest), max(rest)
    if value < 0:
        return low - value > high - low or (low >= 0 and (value != -1 or len(rest) > 2))
    few = len(rest) <= MAX_FEW and all(float(x).is_integer() for x in rest)
    if few:
        whole = high - low < len(rest)
        return value - high >= (MIN_GAP if whole else max(MIN_GAP, high - low))
    spike = count >= max(MIN_SPIKE, SPIKE * sum(rest.values()) / len(rest))
    return value - high > high - low or (spike and value > high + 1)
