"""Checks that data fit a visible group, with messages that name the first value that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..language.diagnostics import BmError, fail

Contains = Callable[[np.ndarray], np.ndarray]
# Entries checked at a time: memory-mapped data are never read as a whole, and what is compared with
# them stays in the processor's cache.
_CHUNK = 1 << 17


def check_values(
    values: np.ndarray,
    shape: tuple[int, ...],
    contains: Contains,
    domain_text: str,
    name: str,
    source: str,
    allow_missing: bool = False,
    numbers: np.ndarray | None = None,
) -> None:
    """Raises BmError unless `values` is [cases, *shape], finite and in the domain.

    `contains` is the unit type's: entrywise, or [..., K] → [...] for a one-of-K type, whose `shape`
    then ends in K. With `allow_missing` an entry may be NaN (of a one-of-K unit: all K of them).
    `numbers`: of the rows in their file, where these are some of them.
    """
    _check_array(values, shape, name, source)
    for start, rows in _chunks(values):
        with np.errstate(invalid="ignore"):
            inside = np.asarray(contains(rows))
        if inside.all() and _all_finite(rows):
            continue
        missing = np.isnan(rows) if rows.dtype.kind == "f" else np.zeros(rows.shape, dtype=bool)
        if missing.any() and not allow_missing:
            raise _offence(
                "BM713",
                "a missing value (NaN)",
                missing,
                start,
                name,
                source,
                "fill it in or leave the case out",
                numbers,
            )
        infinite = np.isinf(rows)
        if infinite.any():
            raise _offence("BM714", "an infinite value", infinite, start, name, source, "", numbers)
        one_of_k = inside.ndim == rows.ndim - 1
        outside = ~(inside | (missing.all(axis=-1) if one_of_k else missing))
        if outside.any():
            first = rows[tuple(np.argwhere(outside)[0])]
            shown = (
                _shown(first)
                if one_of_k
                else f"{first.item():g}"
                if rows.dtype.kind == "f"
                else str(first.item())
            )
            what = f"the value {shown}, which is outside the domain {domain_text}"
            help = (
                "give one-hot rows, or state numbers from 0 as [cases, units]"
                if one_of_k
                else _hint(contains, values)
            )
            raise _offence("BM715", what, outside, start, name, source, help, numbers)


def check_finite(
    values: np.ndarray, name: str, source: str, numbers: np.ndarray | None = None
) -> None:
    """BmError BM714 at the first infinite value, BM710 for what are no numbers; a missing value
    (NaN) may be.
    """
    _check_numeric(values, name, source)
    for start, rows in _chunks(values) if values.ndim and values.dtype.kind == "f" else ():
        if _all_finite(rows):
            continue
        infinite = np.isinf(rows)
        if infinite.any():
            raise _offence("BM714", "an infinite value", infinite, start, name, source, "", numbers)


def as_one_hot(
    values: np.ndarray,
    states: int,
    name: str = "data",
    source: str = "data",
    numbers: np.ndarray | None = None,
) -> np.ndarray:
    """State numbers 0 ... K-1 [cases, *shape] to float32 one-hot [cases, *shape, K].

    A missing number (NaN) gives K times NaN.
    """
    _check_numeric(values, name, source)
    values = np.asarray(values)
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        wrong = ~missing & ~((values >= 0) & (values < states) & (values == np.floor(values)))
    if wrong.any():
        found = values[tuple(np.argwhere(wrong)[0])].item()
        from_one = found == states and not np.any(values == 0)
        help = "states are counted from 0: subtract 1" if from_one else ""
        raise _offence(
            "BM716",
            f"{found:g}, which is not a state number from 0 to {states - 1}",
            wrong,
            0,
            name,
            source,
            help,
            numbers,
        )
    codes = np.where(missing, 0, values).astype(np.int64)
    result = np.zeros((*codes.shape, states), dtype=np.float32)
    np.put_along_axis(result, codes[..., None], 1.0, axis=-1)
    result[missing] = np.nan
    return result


def _check_numeric(values: np.ndarray, name: str, source: str) -> None:
    if values.dtype.kind not in "biuf":
        raise fail(
            "BM710", f"data for `{name}` from {source} are `{values.dtype}`, not real numbers"
        )


def _check_array(values: np.ndarray, shape: tuple[int, ...], name: str, source: str) -> None:
    _check_numeric(values, name, source)
    if values.ndim == 0 or values.shape[1:] != tuple(shape):
        expected = f"({', '.join(['cases', *map(str, shape)])})"
        found, size = values.shape, int(np.prod(shape))
        help = ""
        if values.ndim > 1 and int(np.prod(found[1:])) == size:
            help = (
                f"a case has as many values, {size}, in another shape: reshape the array to"
                f" {expected}"
            )
        elif found == tuple(shape):
            help = (
                "this is a single case: add an axis in front, giving"
                f" ({', '.join(map(str, (1, *found)))})"
            )
        elif values.ndim == 2 and len(shape) == 1 and found[0] == shape[0]:
            help = "cases come first: transpose the array"
        raise fail(
            "BM711",
            f"data for `{name}` from {source} have shape {found}, expected {expected}",
            help=help,
        )
    if values.shape[0] == 0:
        raise fail("BM712", f"data for `{name}` from {source} hold no cases")


def _all_finite(rows: np.ndarray) -> bool:
    """Whether no number is missing or infinite: the least and the greatest tell."""
    if rows.dtype.kind != "f" or not rows.size:
        return True
    return bool(np.isfinite(rows.min()) and np.isfinite(rows.max()))


def _chunks(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    step = max(1, _CHUNK // max(1, int(np.prod(values.shape[1:]))))
    for start in range(0, values.shape[0], step):
        yield start, np.asarray(values[start : start + step])


def _offence(
    code: str,
    what: str,
    wrong: np.ndarray,
    start: int,
    name: str,
    source: str,
    help: str,
    numbers: np.ndarray | None = None,
) -> BmError:
    """The diagnostic for the first True of `wrong`, whose first row is row `start` of the data, or
    of the rows that have these `numbers`.
    """
    index = [int(i) for i in np.argwhere(wrong)[0]]
    index[0] += start
    if numbers is not None:
        index[0] = int(numbers[index[0]])
    place = f"row {index[0] + 1}"
    if len(index) == 2:
        place += f", column {index[1] + 1}"
    elif len(index) > 2:
        place += f", place [{', '.join(str(i + 1) for i in index[1:])}]"
    position = f"`[{', '.join(map(str, index))}]`"
    note = f"rows and columns count from 1; in Python this is {position}"
    return fail(
        code, f"data for `{name}` from {source} hold {what}, at {place}", help=help, note=note
    )


def _shown(row: np.ndarray) -> str:
    text = ", ".join(f"{x:g}" for x in row[:8].astype(float))
    return f"[{text}, ...]" if row.size > 8 else f"[{text}]"


def _hint(contains: Contains, values: np.ndarray) -> str:
    """A transform that brings values into the domain, found by asking the domain which numbers it
    holds.
    """

    def holds(*numbers: float) -> bool:
        return bool(np.all(contains(np.array(numbers))))

    # Values 0 to 255 need scaling before a threshold of 0.5 means anything.
    unit = values.dtype.kind == "f" and not any(
        np.any((rows < 0) | (rows > 1)) for _, rows in _chunks(values)
    )
    if holds(0, 1) and not holds(0.5) and not holds(2):
        return "add `transform binarize`" if unit else "add `transform scale, binarize`"
    if holds(-1, 1) and not holds(0):
        return (
            "add `transform binarize, scale(-1, 1)`"
            if unit
            else "add `transform scale, binarize, scale(-1, 1)`"
        )
    if holds(0.25, 0.75) and not holds(1.5):
        return "add `transform scale`"
    return ""
