"""Dates and times in the cells of a column: how they are written there, and as days since the
beginning of 1970.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np

EPOCH = datetime(1970, 1, 1)
FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Years that numbers such as 20240131 may have: others are rather numbers."""
MIN_SHARE = 0.9
"""Share of cells that are written as dates, from which on a column is one of dates."""
SAMPLED = 50
"""Cells that are looked at first: a column of words is told by them."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_FIRST, MONTH_FIRST = "day", "month"
TIME = (
    r"(?:(?P<gap>T|\s+)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?P<f>[.,]\d+)?)?\s*"
    r"(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
FORMS = tuple(
    re.compile(form + TIME)
    for form in (
        r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
        r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})",
        r"(?P<d>\d{1,2})(?P<s>[- ]|\. ?)(?P<name>[A-Za-z]{3,9})\.?[- ](?P<y>\d{4})",
        r"(?P<name>[A-Za-z]{3,9})\.?(?P<s> )(?P<d>\d{1,2}),? (?P<y>\d{4})",
        r"(?P<y>\d{4})(?P<s>-)(?P<m>\d{2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    )
)


@dataclass(frozen=True)
class Dates:
    """The dates of a column: `days` since the beginning of 1970 [rows], NaN in missing cells and in
    those at `wrong`, which are no dates. `pattern` is how they are written, as for `strftime`;
    it is empty where `doubt` says why the days are not certain.
    """

    days: np.ndarray
    pattern: str
    wrong: tuple[int, ...] = ()
    doubt: str = ""

    @property
    def times(self) -> bool:
        """Whether they have times of day."""
        return "%H" in self.pattern

    def ends(self) -> tuple[str, str]:
        """The first date and the last, as a machine writes them."""
        there = self.days[~np.isnan(self.days)]
        shown = "%Y-%m-%d %H:%M" if self.times else "%Y-%m-%d"
        return date_text(float(there.min()), shown), date_text(float(there.max()), shown)


def dates_of(texts: Sequence[str], gone: np.ndarray, pattern: str = "") -> Dates | None:
    """The dates of cells, but of those that are `gone`; None for a column of something else.

    A `pattern` that was learned says whether the day comes first.
    """
    there = [k for k, no in enumerate(gone) if not no]
    looked = [x for k in there[:SAMPLED] if (x := _match(texts[k]))]
    if not there or len(looked) < MIN_SHARE * min(len(there), SAMPLED):
        return None
    found = {k: m for k in there if (m := _match(texts[k])) is not None}
    if len(found) < MIN_SHARE * len(there):
        return None
    cells = list(found.values())
    days = np.full(len(gone), np.nan)
    if any(len(m["y"]) == 2 for m in cells):
        return Dates(days, "", doubt="years have two digits")
    order = _order(pattern, cells)
    for k, m in found.items():
        if (moment := _moment(m, order or DAY_FIRST)) is not None:
            days[k] = (moment - EPOCH) / timedelta(days=1)
    wrong = tuple(k for k in there if np.isnan(days[k]))
    if len(wrong) > (1 - MIN_SHARE) * len(there):
        return None
    if not order:
        return Dates(days, "", wrong, "no cell tells the day from the month")
    return Dates(days, pattern or _pattern(cells, order), wrong)


def date_numbers(x: np.ndarray) -> bool:
    """Whether all of at least three numbers are days of the calendar, as 20240131 is."""
    if len(x) < 3 or x.min() < FIRST_YEAR * 10_000 or x.max() > LAST_YEAR * 10_000 + 1231:
        return False
    if not ((x // 100 % 100 >= 1) & (x // 100 % 100 <= 12) & (x % 100 >= 1)).all():
        return False
    return all(_day(int(v) // 10_000, int(v) // 100 % 100, int(v) % 100) for v in np.unique(x))


def date_text(days: float, pattern: str) -> str:
    """Days since the beginning of 1970 as a date of a pattern: to the nearest day, or second; empty
    for NaN.
    """
    if np.isnan(days):
        return ""
    low, high = (x.toordinal() - EPOCH.toordinal() for x in (datetime.min, datetime.max))
    days = float(np.clip(days, low, high))
    step = 1.0 if "%H" not in pattern else 1 / 1440 if "%S" not in pattern else 1 / 86_400
    moment = EPOCH + timedelta(seconds=round(days / step) * round(86_400 * step))
    year = pattern.replace("%Y", f"{moment.year:04d}")  # `%Y` has no zeros before it everywhere
    name = MONTHS[moment.month - 1].capitalize()  # nor is `%b` English
    return moment.strftime(year.replace("%b", name))


def moment_text(x: Any) -> str:
    """A date of Python, or of a library whose dates are Python's, as text: without a time of day
    where it is midnight.
    """
    if isinstance(x, datetime) and x.tzinfo is None and x.time() == datetime.min.time():
        return x.date().isoformat()
    return x.isoformat(" ") if isinstance(x, datetime) else str(x)


def moments_of(texts: Sequence[str], alien: str) -> list[Any]:
    """The dates that `moment_text` wrote, with times where they had some, None of an empty text; in
    universal time where a text without a zone stands among others with one.
    """
    if alien == "date":
        return [date.fromisoformat(x) if x else None for x in texts]
    made = [datetime.fromisoformat(x) if x else None for x in texts]
    if not any(x is not None and x.tzinfo for x in made):
        return made
    return [x if x is None or x.tzinfo else x.replace(tzinfo=UTC) for x in made]


def is_date(text: str) -> bool:
    """Whether a cell is written as a date is."""
    return _match(text) is not None


def _match(text: str) -> re.Match[str] | None:
    text = text.strip()
    return next((m for form in FORMS if (m := form.fullmatch(text))), None)


def _order(pattern: str, cells: Sequence[re.Match[str]]) -> str:
    """Whether day or month comes first where the year is last; empty where no cell tells."""
    if pattern:
        return DAY_FIRST if pattern.find("%d") < pattern.find("%m") else MONTH_FIRST
    last = [m.groupdict() for m in cells if "a" in m.re.groupindex]
    if not last or any(g["s"] == "." for g in last):  # no one writes months first with full stops
        return DAY_FIRST
    if any(int(g["a"]) > 12 for g in last):
        return DAY_FIRST
    return MONTH_FIRST if any(int(g["b"]) > 12 for g in last) else ""


def _moment(m: re.Match[str], order: str) -> datetime | None:
    g: dict[str, str | None] = {"a": None, "name": None, "m": None, "d": None, **m.groupdict()}
    year = int(g["y"] or 0)
    if g["a"] is not None:
        pair = int(g["a"]), int(g["b"] or 0)
        day, month = pair if order == DAY_FIRST else pair[::-1]
    elif g["name"] is not None:
        if g["name"][:3].lower() not in MONTHS:
            return None
        day, month = int(g["d"] or 0), MONTHS.index(g["name"][:3].lower()) + 1
    else:
        day, month = int(g["d"] or 1), int(g["m"] or 0)
    found = _day(year, month, day)
    return None if found is None else _timed(found, g)


def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def _timed(day: datetime, g: dict[str, str | None]) -> datetime | None:
    """With the time of day, in universal time where a zone is told."""
    if g["H"] is None:
        return day
    hour = int(g["H"])
    if g["half"]:
        hour = hour % 12 + (12 if g["half"].lower() == "pm" else 0)
    try:
        moment = day.replace(hour=hour, minute=int(g["M"] or 0), second=int(g["S"] or 0))
    except ValueError:
        return None
    moment += timedelta(seconds=float("0." + g["f"][1:])) if g["f"] else timedelta()
    if g["zone"] and g["zone"] != "Z":
        sign = -1 if g["zone"][0] == "-" else 1
        away = timedelta(hours=int(g["zone"][1:3]), minutes=int(g["zone"][-2:]))
        return moment.replace(tzinfo=timezone(sign * away)).astimezone(UTC).replace(tzinfo=None)
    return moment


def _pattern(cells: Sequence[re.Match[str]], order: str) -> str:
    """How most cells are written, by the first of them; with seconds where any has them."""
    m = cells[0]
    g = m.groupdict()
    s = g.get("s") or ""
    if "a" in g:
        day = s.join(("%d", "%m", "%Y") if order == DAY_FIRST else ("%m", "%d", "%Y"))
    elif "name" in g:
        first = m.re.groupindex["name"] < m.re.groupindex["d"]
        day = "%b %d, %Y" if first else f"%d{s}%b{s[-1:]}%Y"
    else:
        day = s.join(("%Y", "%m", "%d") if "d" in g else ("%Y", "%m"))
    timed = [c.groupdict() for c in cells if c.groupdict()["H"] is not None]
    if not any(int(t["H"]) or int(t["M"]) or int(t["S"] or 0) for t in timed):
        return day
    gap = "T" if timed[0]["gap"] == "T" else " "
    return f"{day}{gap}%H:%M" + (":%S" if any(t["S"] for t in timed) else "")
