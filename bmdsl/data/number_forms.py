"""How the cells of a column write numbers: a comma before fractions, marks between thousands, and
what stands before or after them, as in `1.234,50 €`, `41 min` and `95 %`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .clock_times import clock_of, clock_text, hours_of
from .delimited import as_number

CURRENCY = "$€£¥₹"
UNITS = (
    *("kg", "g", "mg", "µg", "lb", "lbs", "oz", "km", "m", "cm", "mm", "µm", "nm", "ft", "in"),
    *("km/h", "m/s", "mph", "l", "ml", "h", "hrs", "hr", "min", "s", "sec", "ms"),
    *("kW", "kWh", "Hz", "kHz", "MHz", "GHz", "Pa", "hPa", "kPa", "bar", "J", "kJ", "kcal"),
    *("EUR", "USD", "GBP", "CHF", "JPY", "Euro", "ha", "m²", "m2", "km²", "m³", "m3", "bpm", "ppm"),
)
"""Units that may follow a number without a space."""
SPACES = " \u00a0\u202f\u2009"
CELL = re.compile(
    rf"(?P<sign>[-+\u2212]?)(?P<before>(?:[{CURRENCY}]|(?:EUR|USD|GBP|CHF|JPY)\b)[{SPACES}]?)?"
    rf"(?P<number>[-+]?(?:\d[\d.,'’{SPACES}]*\d|\d)(?:[eE][-+]?\d+)?)"
    rf"(?P<after>[{SPACES}]?(?:[%‰{CURRENCY}]|°[{SPACES}]?[CFK]?|{'|'.join(map(re.escape, UNITS))})"
    rf"|[{SPACES}][^\W\d_](?:[^\s\d,;:=()]|[²³])*)?"
)
CODE = re.compile(r"0\d+")
"""Digits that are no number but a name of digits."""
MIN_SHARE = 0.5
"""Share of cells that are written in a way, from which on the others are rather marks."""
SAMPLED = 50
"""Cells that are looked at first: a column of words is told by them."""


@dataclass(frozen=True)
class NumberForm:
    """`decimal` stands before fractions, `thousands` between groups of three digits, `before` and
    `after` are the texts on either side of the digits, with the space between.
    """

    decimal: str = "."
    thousands: str = ""
    before: str = ""
    after: str = ""
    clock: str = ""
    """How durations or times of day are written, as `H:MM:SS`: their numbers are hours."""

    def plain(self, text: str) -> str:
        """A cell as `float` reads its number; one that is not written so is left as it is, but for
        the mark before fractions.
        """
        if self == PLAIN:
            return text
        if self.clock:
            hours = hours_of(text)
            return text if hours is None else repr(hours)
        if self.before or self.after:
            found = CELL.fullmatch(text.strip())
            if found is not None and _key(found) == (self.before.strip(), _unit(self.after)):
                text = found["sign"].replace("\u2212", "-") + found["number"]
        digits = re.fullmatch(self._digits, text)
        if self.thousands and digits is not None:
            text = re.sub(_class(self.thousands), "", text)
        return text if self.decimal == "." else text.replace(self.decimal, ".")

    def written(self, number: str) -> str:
        """A number of `number_text` as the column writes it."""
        if self == PLAIN or as_number(number) is None:
            return number
        if self.clock:
            return clock_text(float(number), self.clock)
        whole, point, rest = number.partition(".")
        if self.thousands and whole.lstrip("-").isdigit():
            whole = f"{int(whole):,}".replace(",", self.thousands)
        sign = "-" if self.before and whole.startswith("-") else ""
        digits = whole.removeprefix(sign) + (self.decimal + rest if point else "")
        return f"{sign}{self.before}{digits}{self.after}"

    @property
    def unit(self) -> str:
        """What is beside the digits: `kg`, `€`, `%`, or the clock; empty of plain numbers."""
        return (self.after or self.before or self.clock).strip()

    @property
    def shown(self) -> str:
        """How it reads, in brackets after a column's kind; empty of plain numbers."""
        if self.clock:
            return "hours"
        digits = f"1{self.thousands}234{self.decimal}5" if self.thousands else ""
        return f"{self.before}{digits}{self.after}".strip()

    @property
    def _digits(self) -> str:
        if not self.thousands:
            return rf"[-+]?\d+(?:{re.escape(self.decimal)}\d+)?(?:[eE][-+]?\d+)?"
        group = rf"(?:{_class(self.thousands)}\d{{3}})*"
        return rf"[-+]?\d{{1,3}}{group}(?:{re.escape(self.decimal)}\d+)?"


PLAIN = NumberForm()
COMMA, ENGLISH, CONTINENTAL = NumberForm(","), NumberForm(".", ","), NumberForm(",", ".")
SPACED = (NumberForm(".", "'"), NumberForm(",", " "), NumberForm(".", " "))


def form_of(cells: Sequence[str], separator: str = ",", commas: bool = False) -> NumberForm:
    """How most cells that hold numbers write them; PLAIN where they are plain numbers, or none.

    `1,234` alone has a comma between thousands where commas part the cells of a file too, and
    before a fraction where semicolons do; so has `1.234` a point between thousands where other
    columns have `commas` before fractions.
    """
    there = [x.strip() for x in cells if x.strip()]
    if clock_of(there[:SAMPLED]) and (clock := clock_of(there)):
        return NumberForm(clock=clock)
    looked = [m for x in there[:SAMPLED] if (m := CELL.fullmatch(x)) is not None]
    if 2 * len(looked) < min(len(there), SAMPLED) * 2 * MIN_SHARE:
        return PLAIN
    found = [m for x in there if (m := CELL.fullmatch(x)) is not None]
    if not found or any(CODE.fullmatch(m["number"]) for m in found):
        return PLAIN
    (before, unit), count = Counter(map(_key, found)).most_common(1)[0]
    if count < MIN_SHARE * len(there):
        return PLAIN
    own = [m for m in found if _key(m) == (before, unit)]
    numbers = [m["number"] for m in own]
    digits = _digits_of(numbers, separator, commas)
    ends = [
        Counter(m[side] or "" for m in own).most_common(1)[0][0] for side in ("before", "after")
    ]
    return NumberForm(digits.decimal, digits.thousands, *ends)


def _digits_of(numbers: Sequence[str], separator: str, commas: bool) -> NumberForm:
    """Marks before fractions and between thousands that fit most of the numbers."""

    def fit(form: NumberForm) -> list[str]:
        return [x for x in numbers if re.fullmatch(form._digits, x)]

    def certain(form: NumberForm) -> bool:
        """Whether some number has a group and a fraction, or two groups."""
        mark = _class(form.thousands)
        return any(
            len(re.findall(mark, x)) > 1 or (re.search(mark, x) and form.decimal in x)
            for x in fit(form)
        )

    plain, comma = fit(PLAIN), fit(COMMA)
    continental = fit(CONTINENTAL)
    if len(plain) == len(numbers):
        grouped = any("." in x for x in numbers) and len(continental) == len(numbers)
        leading = any(x.lstrip("+-").startswith("0.") for x in numbers)
        return CONTINENTAL if commas and grouped and not leading else PLAIN
    for form in (CONTINENTAL, ENGLISH, *SPACED):
        if certain(form) and len(fit(form)) > max(len(plain), len(comma)):
            return form
    if len(comma) > len(plain):
        whole = fit(ENGLISH)
        thousands = len(whole) == len(comma) and not any(x.startswith("0") for x in whole)
        return ENGLISH if thousands and separator != ";" else COMMA
    for form in SPACED:
        if len(fit(form)) > len(plain):
            return form
    return PLAIN


def _key(m: re.Match[str]) -> tuple[str, str]:
    return (m["before"] or "").strip(), _unit(m["after"] or "")


def _unit(after: str) -> str:
    """What follows a number, `day` and `days` alike, in small letters."""
    text = after.strip().lower()
    return text[:-1] if len(text) > 2 and text.endswith("s") else text


def _class(thousands: str) -> str:
    """A pattern of the mark between thousands: all spaces and all apostrophes are alike."""
    return (
        f"[{SPACES}]" if thousands == " " else "['’]" if thousands == "'" else re.escape(thousands)
    )
