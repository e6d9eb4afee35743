"""Faults of the package that several entries show, all being mended: an entry may hold already."""

from __future__ import annotations

from .harness import Fault

EXPERTS_LEFT_OUT = Fault(
    "experts are left out where units are summed out one after another", strict=False
)
GIVEN_BASE = Fault("mean field's bound leaves out the base measure of a given group", strict=False)
NOT_DRAWN_LAST = Fault(
    "chains give means of hidden units that were not drawn last, given units that have moved since",
    strict=False,
)
ONE_LETTER = Fault(
    "a sum in parentheses binds no letter: its power has one letter where the paper has two",
    strict=False,
)
SQUARE_INSIDE = Fault(
    "a product of two sums over one Gaussian group passes the checks, and compiling it is refused",
    strict=False,
)
TWO_AXES = Fault(
    "exact negative phases of a given group of two axes raise a ValueError", strict=False
)
