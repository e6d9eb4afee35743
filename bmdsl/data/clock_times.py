"""Durations and times of day in the cells of a column, as hours: `1:27:22`, `07:45`, `9:30 pm`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

CELL = re.compile(
    r"(?P<sign>[-+]?)(?:(?P<days>\d+) days?,? )?(?P<H>\d{1,4}):(?P<M>[0-5]\d)"
    r"(?::(?P<S>[0-5]\d(?:\.\d+)?))?(?:(?P<gap>\s?)(?P<half>[AaPp][Mm]))?"
)
DAY = 24.0


def hours_of(text: str) -> float | None:
    """The hours that a cell tells; None if it is no time."""
    m = CELL.fullmatch(text.strip())
    if m is None:
        return None
    hour = int(m["H"])
    if m["half"]:
        hour = hour % 12 + (12 if m["half"].lower() == "pm" else 0)
    found = DAY * int(m["days"] or 0) + hour + int(m["M"]) / 60 + float(m["S"] or 0) / 3600
    return -found if m["sign"] == "-" else found


def clock_of(cells: Sequence[str]) -> str:
    """How most cells write times, as `HH:MM:SS`, `H:MM` or `H:MM pm`; empty if most are none."""
    found = [m for x in cells if (m := CELL.fullmatch(x.strip())) is not None]
    if not found or 2 * len(found) < len(cells):
        return ""
    padded = all(len(m["H"]) > 1 for m in found)
    seconds = ":SS" if any(m["S"] for m in found) else ""
    half = Counter(f"{m['gap']}{m['half']}" for m in found if m["half"]).most_common(1)
    after = half[0][0] if half else ""
    for name in ("am", "AM"):
        after = after.replace(name, "pm" if name == "am" else "PM")
    return f"{'HH' if padded else 'H'}:MM{seconds}{after}"


def clock_text(hours: float, clock: str) -> str:
    """Hours as a column of this `clock` writes them, to the nearest minute or second."""
    digits = re.sub(r"\s*[pP][mM]$", "", clock)
    after = clock.removeprefix(digits)
    step = 3600 if digits.endswith("SS") else 60
    count = round(abs(hours) * step)
    sign = "-" if hours < 0 and count else ""
    hour, rest = divmod(count, step)
    if after:
        hour, late = hour % 24, hour % 24 >= 12
        hour = hour % 12 or 12
        if not late:
            after = after.replace("p", "a").replace("P", "A")
    shown = [f"{hour:02d}" if digits.startswith("HH") else str(hour)]
    shown += [f"{rest // 60:02d}", f"{rest % 60:02d}"] if step == 3600 else [f"{rest:02d}"]
    return sign + ":".join(shown) + after
