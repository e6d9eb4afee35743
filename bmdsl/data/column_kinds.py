"""What a column of a table seems to be, and which units it would take: a guess, said as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .clock_times import DAY
from .dates import Dates, date_numbers
from .delimited import TWO_VALUED
from .marks import Marks
from .table import Column, number_text

MAX_SCALE = 11
"""Different whole numbers up to which a column is a scale: 0 to 10 is the longest in use."""
MAX_CATEGORIES = 50
MAX_LEAST_COUNT, MAX_MEAN_COUNT = 2, 20.0
"""Least value and mean up to which whole numbers are counts of events."""
MIN_SKEW, MIN_ROWS_FOR_SKEW = 1.5, 30
MIN_ROWS_PER_VALUE = 3
"""Rows that a value has on average, from which on values are repeated rather than measured."""
MAX_RARE = 5
"""Texts in one row each up to which they may be rare categories, and as half of all beyond it."""
CODE = re.compile(
    r"(^|[_\W])(code|zip|plz|postcode|postal|region|district|class|type|kind|category|sex|gender)"
    r"([_\W\d]|$)",
    re.IGNORECASE,
)
"""Names of columns whose numbers are names."""
ID = re.compile(r"(^|[_\W])(id|ids|uuid|key|nr|no|index|row)([_\W]|$)|[a-z]I[dD]$", re.IGNORECASE)

NO_NUMBER = "a date is no number"
NO_HOURS = "a time of day goes round"


@dataclass(frozen=True)
class Kind:
    """`name` is what `bm data describe` calls it; `unit` the type of units it would take, empty for
    a column that is carried through or left out; `levels` its values where they are few.
    """

    name: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    why: str = ""
    dated: tuple[str, ...] = ()
    """The first date and the last, of a column of dates."""


def kind_of(column: Column, marks: Marks | Sequence[str] = ()) -> Kind:
    """The guess for one column, from its name and its cells."""
    gone = column.missing(marks)
    there = [x for x, no in zip(column.shown, gone, strict=True) if not no]
    if not there:
        return Kind("empty", why="no cell has a value")
    if not column.categories and (dates := _dates_in(column, marks)) is not None:
        return _of_dates(dates, there)
    hours = column.as_numbers(marks) if column.form.clock else None
    if hours is not None:
        return _of_hours(column, hours[~np.isnan(hours)])
    if column.alien:
        return Kind(f"{column.alien} values", why="values of this type are no numbers")
    levels = list(dict.fromkeys(there))
    if len(levels) == 1:
        return Kind("constant", levels=(levels[0],), why="one value tells rows apart in nothing")
    numbers = column.as_numbers(marks)
    if numbers is None or column.categories:
        return _of_texts(column, there, levels)
    return _of_numbers(column, numbers[~np.isnan(numbers)])


def _dates_in(column: Column, marks: Marks | Sequence[str]) -> Dates | None:
    """The dates of a column, written in words or as numbers such as 20240131."""
    numbers = column.as_numbers(marks)
    if numbers is not None and not date_numbers(numbers[~np.isnan(numbers)]):
        return None
    return column.dates(marks)


def _of_dates(dates: Dates, there: list[str]) -> Kind:
    if dates.doubt:
        return Kind("dates", why=dates.doubt, dated=(there[0], there[-1]))
    name = "dates and times" if dates.times else "dates"
    return Kind(name, why=NO_NUMBER, dated=dates.ends())


def _of_hours(column: Column, hours: np.ndarray) -> Kind:
    """Durations where a time of day could not be so; other times are left out, until they are said
    to be durations.
    """
    certain = column.alien.lower() == "timedelta" or hours.min() < 0 or hours.max() >= DAY
    return Kind("durations", "gaussian") if certain else Kind("times", why=NO_HOURS)


def _of_texts(column: Column, there: list[str], levels: list[str]) -> Kind:
    if all(x.lower() in TWO_VALUED for x in levels):
        ordered = sorted(levels, key=lambda x: TWO_VALUED[x.lower()])
        return Kind("yes/no", "binary", tuple(ordered))
    if len(levels) == len(there) and len(there) > 2:
        return Kind("id", why="every row has its own text")
    rare = sum(n == 1 for n in Counter(there).values())
    if not column.categories and rare > MAX_RARE and rare > len(levels) / 2:
        return Kind(
            "text", why=f"{rare:,} of {len(levels):,} different texts stand in one row each"
        )
    known = column.categories or tuple(sorted(levels))
    if len(known) == 2:
        return Kind("two categories", "binary", known)
    if len(known) <= MAX_CATEGORIES and len(there) >= MIN_ROWS_PER_VALUE * len(levels):
        return Kind("categories", "categorical", known)
    return Kind("text", why=f"{len(levels):,} different texts are too many for categories")


def _of_numbers(column: Column, x: np.ndarray) -> Kind:
    name, measured = column.name, bool(column.form.unit)
    values = np.unique(x)
    levels = tuple(number_text(v) for v in values)
    if not (x == np.round(x)).all():
        if values[0] >= 0 and values[-1] <= 1:
            return Kind("shares", "gaussian")
        return _real("numbers", x)
    low, high = int(values[0]), int(values[-1])
    if not measured and len(values) == len(x) > 2 and (high - low == len(x) - 1 or ID.search(name)):
        return Kind("id", why="every row has its own number")
    if len(values) == 2:
        return Kind("yes/no" if (low, high) == (0, 1) else "two numbers", "binary", levels)
    repeated = len(x) >= MIN_ROWS_PER_VALUE * len(values)
    if CODE.search(name) and len(values) <= MAX_CATEGORIES and repeated:
        return Kind("codes", "categorical", levels)
    if len(values) <= MAX_SCALE and high - low < MAX_SCALE and repeated and low >= -MAX_SCALE:
        spread = tuple(map(str, range(low, high + 1)))
        return Kind("scale" if low in (0, 1) else "few numbers", "categorical", spread)
    if len(values) <= MAX_SCALE and repeated and len(x) >= 5 * MIN_ROWS_PER_VALUE * len(values):
        return Kind("codes", "categorical", levels)
    if not measured and 0 <= low <= MAX_LEAST_COUNT and x.mean() <= MAX_MEAN_COUNT:
        return Kind("counts", "poisson")
    return _real("whole numbers", x)


def _real(name: str, x: np.ndarray) -> Kind:
    """Real numbers; those whose logarithms are far less skewed are said to be so."""
    if x.min() > 0 and len(x) >= MIN_ROWS_FOR_SKEW:
        skew, of_logs = _skewness(x), _skewness(np.log(x))
        if skew > MIN_SKEW and abs(of_logs) < 0.5 * skew:
            return Kind(f"skewed {name}", "gaussian", why="logarithms are far less skewed")
    return Kind(name, "gaussian")


def _skewness(x: np.ndarray) -> float:
    z = (x - x.mean()) / max(float(x.std()), 1e-300)
    return float((z**3).mean())
