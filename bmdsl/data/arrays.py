"""Arrays as a user gives them, taken into a machine's type: what would be lost is refused."""

from __future__ import annotations

from collections.abc import Iterator, MappingView, Set
from decimal import Decimal
from math import isfinite, prod
from numbers import Integral, Real
from typing import Any

import numpy as np

from ..language.diagnostics import BmError, fail
from ..language.source import Span
from .frames import column, columns, is_column, is_frame

CHUNK = 1 << 22
"""Numbers looked at together: memory-mapped data are never read as a whole."""
FEW = 1 << 13
"""Numbers whose squares are summed by the BLAS, which takes threads for more."""
CURES = {
    "c": "`x.real` or `np.abs(x)`, whichever is meant",
    "M": "subtract the first date and divide: `(x - x[0]) / np.timedelta64(1, 'D')`",
    "m": "divide by a unit: `x / np.timedelta64(1, 's')`",
    "U": "`x.astype(float)` where the texts are numbers",
    "S": "`x.astype(float)` where the texts are numbers",
    "T": "`x.astype(float)` where the texts are numbers",
    "V": "choose one field: `x['name']`",
}
"""Kind of a NumPy type → how its values become real numbers."""


def real(value: Any, what: str, span: Span | None = None) -> np.ndarray:
    """`value` as an array of booleans, integers or floats, never a copy where it is one.

    `what` begins the message: "`v`". A data frame's columns stand side by side, its missing cells
    as NaN; a sparse matrix is made dense. BmError BM770 for anything else, BM771 for entries under
    a mask, BM945 for a column of text, BM946 for a sparse matrix too large, BM947 for an iterator.
    """
    if isinstance(value, np.ndarray) and type(value) is np.ndarray and value.dtype.kind in "biuf":
        return value
    if is_frame(value):
        return _side_by_side(value, what, span)
    if is_column(value):
        return real(column(value, what, span), what, span)
    if isinstance(value, Iterator | Set | MappingView):
        raise fail(
            "BM947",
            f"{what} is a `{type(value).__name__}`, not an array",
            span,
            help="`np.array(list(x))`",
        )
    parts = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(x, np.ma.MaskedArray) for x in parts):
        value = _unmasked(
            np.ma.asarray(value) if isinstance(value, np.ma.MaskedArray) else np.ma.stack(value),
            what,
            span,
        )
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        value = _dense(value, what, span)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise fail(
            "BM770",
            f"{what} cannot be read as an array of numbers",
            span,
            note=str(error).splitlines()[0],
        ) from None
    kind: str = array.dtype.kind
    if kind in "biuf":
        return array
    if kind == "O":
        return _of_objects(array, what, span)
    first = ""
    if kind == "c" and array.size:
        at = _first(array.imag != 0) or (0,) * array.ndim
        first = f", the first {array[at]:g}{place(at)}"
    elif array.size and kind != "V":
        at = (0,) * array.ndim
        first = f", the first {array[at]!s}{place(at)}"
    if not array.dtype.names:
        kind = kind.replace("V", "")  # of numbers that NumPy does not know, as `bfloat16`
    raise fail(
        "BM770",
        f"{what} holds `{array.dtype}`{first}, not real numbers",
        span,
        help=CURES.get(kind, "convert it: `x.astype(float)`"),
    )


def _side_by_side(table: Any, what: str, span: Span | None) -> np.ndarray:
    """The columns of a data frame as one array, in a type that holds all of them."""
    parts = []
    for name, values in columns(table):
        named = f"column `{name}` of {what}"
        x = real(column(values, named, span), named, span)
        if x.ndim != 1:
            raise fail("BM770", f"{named} holds arrays, not one number a row", span)
        parts.append((named, x))
    if not parts:
        return np.empty((len(table), 0))
    dtype = np.result_type(*(x.dtype for _, x in parts))
    if dtype.kind == "f":
        for named, x in parts:
            verify_fits(x, dtype, named, span)
    out = np.empty((len(parts[0][1]), len(parts)), dtype)
    for k, (_, x) in enumerate(parts):
        out[:, k] = x
    return out


def _dense(matrix: Any, what: str, span: Span | None) -> Any:
    """A sparse matrix made dense, where it and a copy in the machine's type fit into memory."""
    from ..plan.costs import count_text, memory_limit

    limit, size = memory_limit(), 2 * prod(matrix.shape) * max(4, matrix.dtype.itemsize)
    if limit is not None and size > limit:
        raise fail(
            "BM946",
            f"{what} is a sparse matrix of shape {matrix.shape}: made dense it needs "
            f"{count_text(size)}B, the limit is {count_text(limit)}B",
            span,
            help="fewer columns, such as the most frequent words, or some of the rows at a time",
        )
    return matrix.toarray()


def _unmasked(value: np.ma.MaskedArray[Any, Any], what: str, span: Span | None) -> np.ndarray:
    masked = np.ma.getmaskarray(value)
    at = _first(masked)
    if at is not None:
        raise fail(
            "BM771",
            f"{what} is a masked array: {int(masked.sum()):,} of its {value.size:,} entries "
            f"are masked, the first{place(at)}",
            span,
            help="`x.filled(np.nan)` where a value may be missing, `x.data` for what it hides",
        )
    return np.asarray(np.ma.getdata(value))


def _of_objects(array: np.ndarray, what: str, span: Span | None) -> np.ndarray:
    """An array of Python numbers, as a table of mixed columns gives, in double precision."""
    out = np.empty(array.shape, np.float64)
    for at in np.ndindex(array.shape):
        x = array[at]
        if not isinstance(x, Real | Decimal | np.bool_):
            shown = repr(x) if len(repr(x)) <= 40 else f"a `{type(x).__name__}`"
            raise fail(
                "BM770",
                f"{what} holds {shown}{place(at)}, which is no real number",
                span,
                help="give an array of numbers; a missing value is NaN",
            )
        try:
            out[at] = float(x)
        except OverflowError:
            raise _lossy(f"{x}", at, "float64", what, span) from None
        if isinstance(x, Integral) and int(out[at]) != int(x):
            raise _lossy(f"{x}", at, "float64", what, span)
    return out


def exact(
    array: np.ndarray, dtype: np.dtype[Any], what: str, *, nan: bool, span: Span | None = None
) -> np.ndarray:
    """The array in a floating type; rounding of fractions is no loss. With `nan`, NaN passes.

    BmError BM773 for a value that is not finite, BM772 for a finite one that the type cannot
    hold, or a whole number that it would round.
    """
    verify_finite(array, what, nan=nan, span=span)
    verify_fits(array, dtype, what, span)
    return array.astype(dtype, copy=False)


def verify_finite(array: np.ndarray, what: str, *, nan: bool, span: Span | None = None) -> None:
    """BmError BM773 at the first infinite value, or NaN where that may not be."""
    if array.dtype.kind != "f" or surely_finite(array):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if not array.size or np.isfinite(
            array.sum()
        ):  # one pass without a copy, for nearly all arrays
            return
    at = _first(np.isinf(array) if nan else ~np.isfinite(array))
    if at is not None:
        raise fail(
            "BM773",
            f"{what} holds {array[at]:g}{place(at)}, which is not finite",
            span,
            help="find where it came from: a division by 0, log 0, a training that diverged",
        )


def surely_finite(x: np.ndarray) -> bool:
    """Whether Σ x² of a few numbers is finite, and so is each. False says nothing."""
    return x.size <= FEW and x.flags.c_contiguous and isfinite(np.vdot(x, x))


def verify_fits(
    array: np.ndarray, dtype: np.dtype[Any], what: str, span: Span | None = None
) -> None:
    """BmError BM772 at the first finite value beyond the type, or whole number that it rounds."""
    if array.dtype == dtype:
        return
    kind, bits = array.dtype.kind, np.finfo(dtype).nmant + 1
    if (
        kind == "b"
        or (kind in "iu" and 8 * array.dtype.itemsize <= bits)
        or (kind == "f" and array.dtype.itemsize <= dtype.itemsize)
    ):
        return
    rows = array.reshape(1) if array.ndim == 0 else array
    step = max(1, CHUNK // max(1, int(np.prod(rows.shape[1:]))))
    for lo in range(0, len(rows), step):
        part = np.asarray(rows[lo : lo + step])
        at = _first(_beyond(part, dtype) if kind == "f" else _rounded(part, bits))
        if at is not None:
            raise _lossy(
                str(part[at]),
                () if array.ndim == 0 else (at[0] + lo, *at[1:]),
                str(dtype),
                what,
                span,
            )


def _beyond(x: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    return np.isfinite(x) & (np.abs(x) > np.finfo(dtype).max)


def _rounded(x: np.ndarray, bits: int) -> np.ndarray:
    """Whole numbers of more bits: |x| over the largest power of two in it is at least 2^bits."""
    if not x.size or (int(x.max()) <= 1 << bits and int(x.min()) >= -(1 << bits)):
        return np.zeros(x.shape, bool)
    size = np.where(x < 0, ~x.astype(np.uint64) + np.uint64(1), x.astype(np.uint64))
    lowest = size & (~size + np.uint64(1))
    return size // np.maximum(lowest, np.uint64(1)) >= np.uint64(1 << bits)


def _lossy(value: str, at: tuple[int, ...], dtype: str, what: str, span: Span | None) -> BmError:
    return fail(
        "BM772",
        f"{what} holds {value}{place(at)}, which {dtype} cannot hold",
        span,
        help=(
            'scale the values, or `compile(dtype="float64")`'
            if dtype == "float32"
            else "scale the values"
        ),
    )


def _first(wrong: np.ndarray) -> tuple[int, ...] | None:
    """The place of the first True."""
    if not wrong.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))


def place(at: tuple[int, ...]) -> str:
    """` at [2, 0]`, counted from 0 as in Python; nothing for a number without axes."""
    return f" at [{', '.join(map(str, at))}]" if at else ""


def argument(value: Any, name: str) -> int | float:
    """A model's argument as a plain number, of NumPy's scalars and arrays without axes too.

    BmError BM775 for anything that is no finite real number.
    """
    found = (
        value.item()
        if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0
        else value
    )
    if isinstance(found, Integral):
        return int(found)
    if isinstance(found, Real | Decimal) and np.isfinite(float(found)):
        return float(found)
    raise fail(
        "BM775",
        f"argument `{name}` is {value!r:.60}, which is no finite real number",
        help=f"for instance `{name} = 3`",
    )
