"""Missing values (NaN): where they may come in, and the cases that miss the same units together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..data.arrays import surely_finite
from ..language.diagnostics import fail
from ..plan.plan import GroupPlan

Array = np.ndarray
State = Mapping[str, Array]


@dataclass(frozen=True)
class Pattern:
    """Cases that miss the same units: their rows, and group → the columns that are missing,
    ascending.
    """

    cases: Array
    columns: Mapping[str, Array]


def verify_numbers(g: GroupPlan, states: int, x: Array, what: str, allowed: bool) -> None:
    """BmError where an entry of x [cases, size], finite or NaN, is missing where that has no
    meaning.

    `allowed`: whether missing units of a free group are summed out or drawn; those of a given group
    never are. A one-of-K unit is missing as a whole.
    """
    if (
        not x.size or surely_finite(x) or (np.isfinite(x.min()) and np.isfinite(x.max()))
    ):  # NaN is the least and the largest; no array is made
        return
    missing = np.isnan(x)
    case, place = _first(g, missing)
    if not allowed:
        raise fail(
            "BM881",
            f"`{g.name}` has a missing value (NaN) in case {case}{place}, which {what} cannot do"
            " without",
            help="fill it in (`machine.impute`), or leave the case out",
        )
    if g.role == "given":
        raise fail(
            "BM881",
            f"the given group `{g.name}` has a missing value (NaN) in case {case}{place}: the model"
            " has no distribution over it",
            help=f"fill it in, or declare `{g.name}` visible",
        )
    units = missing.reshape(len(x), -1, states)
    partly = units.any(2) & ~units.all(2)
    if partly.any():
        case, unit = np.argwhere(partly)[0]
        raise fail(
            "BM882",
            f"unit {unit} of `{g.name}` is missing in part in case {case}: it is one unit of"
            f" {states} numbers",
            help="NaN in all of them where the unit was not seen",
        )


def _first(g: GroupPlan, wrong: Array) -> tuple[int, str]:
    case, column = (int(k) for k in np.argwhere(wrong)[0])
    place = np.unravel_index(column, tuple(int(n) for n in g.axes)) if g.axes else ()
    return case, f" at [{', '.join(map(str, place))}]" if place else ""


def has_missing(state: State) -> bool:
    """Whether some entry is NaN."""
    return any(
        x.size > 0 and not surely_finite(x) and bool(np.isnan(x.min())) for x in state.values()
    )


def patterns(state: State) -> Iterator[Pattern]:
    """All cases, those with the same missing units together."""
    missing = {n: np.isnan(x) for n, x in state.items()}
    names = [n for n, m in missing.items() if m.any()]
    if not names:
        yield Pattern(np.arange(len(next(iter(state.values())))), {})
        return
    packed = np.hstack([np.packbits(missing[n], axis=1) for n in names])
    _, first, kind = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    for k, row in enumerate(first):
        columns = {n: np.flatnonzero(missing[n][row]) for n in names}
        yield Pattern(
            np.flatnonzero(kind.ravel() == k), {n: c for n, c in columns.items() if len(c)}
        )


NUMBERS = 1 << 17
"""Most numbers that are looked at together: they stay in the processor's cache."""


def missing_cases(data: Mapping[str, Array]) -> Array:
    """Which cases have a value that is not observed (NaN): [cases], bool."""
    found = np.zeros(len(next(iter(data.values()))), bool)
    for x in data.values():
        if np.issubdtype(x.dtype, np.floating):
            step = max(1, NUMBERS // max(1, int(np.prod(x.shape[1:]))))
            for lo in range(0, len(x), step):
                part = x[lo : lo + step]
                if part.size and np.isnan(part.min()):
                    found[lo : lo + step] |= np.isnan(part.reshape(len(part), -1)).any(1)
    return found
