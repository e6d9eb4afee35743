"""Data frames of pandas, polars, Arrow and their kin as tables, and tables as such frames, by
narwhals, which is optional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..language.diagnostics import fail
from .packages import needed
from .table import Table, typed


def of_frame(frame: Any, source: str = "the table") -> Table:
    """The columns of a data frame, categories in its own order. BmError BM706 without narwhals,
    BM770 for what narwhals does not know.
    """
    narwhals = _narwhals(source)
    try:
        seen = narwhals.from_native(frame, eager_only=True)
    except TypeError as problem:
        raise fail(
            "BM770",
            f"{source} is a `{type(frame).__name__}`, no data frame that can be read",
            help="a frame of pandas, polars or pyarrow; `.collect()` a lazy one",
        ) from problem
    columns = []
    for name in seen.columns:
        series = seen[name]
        known: Sequence[Any] = getattr(series.dtype, "categories", ()) or ()
        columns.append(typed(str(name), series.to_list(), known))
    return Table(tuple(columns), source, frame).verify()


def like(frame: Any, columns: Mapping[str, Sequence[Any]], aligned: bool = True) -> Any:
    """A frame of the same library with these columns; `aligned`: its rows are those of `frame`."""
    narwhals = _narwhals("the table")
    space = narwhals.get_native_namespace(frame)
    made = narwhals.to_native(
        narwhals.from_dict({n: list(x) for n, x in columns.items()}, backend=space)
    )
    if aligned and hasattr(frame, "iloc") and len(made) == len(frame):
        made.index = frame.index  # pandas alone names rows
    return made


def _narwhals(source: str) -> Any:
    install = "'bmdsl[tables]'; a .csv file is read without it"
    return needed("narwhals", "narwhals", f"reading {source}", install)
