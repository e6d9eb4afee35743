"""Tables of columns as data frames have them, without importing the library they are of."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.source import Span

ABSENT = frozenset({"NAType", "NaTType", "NullType"})
"""Types of a value that is missing; None is one too."""


def is_frame(value: Any) -> bool:
    """Whether it has columns by name: pandas', polars', or Arrow's."""
    return not isinstance(value, np.ndarray) and (
        (hasattr(value, "columns") and (hasattr(value, "iloc") or hasattr(value, "get_columns")))
        or (hasattr(value, "column_names") and hasattr(value, "column"))
    )


def is_column(value: Any) -> bool:
    """Whether it is one column of such a table, or an array of its own types."""
    return (
        not isinstance(value, np.ndarray | np.generic)
        and hasattr(value, "to_numpy")
        and hasattr(value, "dtype")
        and not is_frame(value)
        and type(value).__module__.partition(".")[0] not in ("torch", "xarray")
    )


def columns(value: Any) -> Iterator[tuple[str, Any]]:
    """The names and columns of a table; two may have one name."""
    names = value.column_names if hasattr(value, "column_names") else list(value.columns)
    for k, name in enumerate(names):
        if hasattr(value, "iloc"):
            yield str(name), value.iloc[:, k]
        elif hasattr(value, "get_columns"):
            yield str(name), value.get_columns()[k]
        else:
            yield str(name), value.column(k)


def column(values: Any, what: str, span: Span | None = None) -> np.ndarray:
    """A column as an array: of numbers as it is, with missing cells as NaN.

    Types that are neither, as dates, stay what they are. BmError BM945 for text.
    """
    array = np.asarray(values)
    if array.dtype.kind in "US":
        array = array.astype(object)
    if array.dtype.kind != "O":
        return array
    out = np.empty(array.shape, np.float64)
    for at in np.ndindex(array.shape):
        x = array[at]
        if x is None or type(x).__name__ in ABSENT:
            out[at] = np.nan
        elif isinstance(x, str | bytes):
            raise fail(
                "BM945",
                f"{what} holds text, `{x!s:.40}` in row {at[0]}",
                span,
                help=(
                    "leave the column out, `df.drop(columns=[...])`, or make numbers of it: "
                    '`pd.to_numeric(column)`, `column.astype("category").cat.codes`'
                ),
            )
        elif isinstance(x, Real | Decimal | np.bool_):
            out[at] = float(x)
            if isinstance(x, int) and int(out[at]) != x:
                return array  # what would be rounded is told by the gate
        else:
            return array
    return out
