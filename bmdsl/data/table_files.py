"""Which sources are tables of columns, and the table that each holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..language.diagnostics import fail, near
from ..registry import discover
from .frames import is_frame
from .table import FORMATS, Table, of_columns


def formats() -> dict[str, ModuleType]:
    """Modules that read tables, by suffix."""
    found = discover(FORMATS)
    further = {s: m for m in found.values() for s in getattr(m, "ALSO", ())}
    return {**found, **further}


def is_table_file(spec: Any) -> bool:
    """Whether it is named as a table's file is; gzipped text too."""
    return isinstance(spec, str | Path) and _suffix(Path(spec)) in formats()


def is_table(spec: Any, groups: tuple[str, ...] = ()) -> bool:
    """Whether `spec` is a table: a file, a data frame, or columns by name that are not `groups`."""
    if isinstance(spec, Mapping):
        return not set(spec) <= set(groups)
    return isinstance(spec, Table) or is_table_file(spec) or is_frame(spec)


def load_table(spec: Any) -> Table:
    """The table of a file, a data frame, or a dict of columns.

    Raises BM701 for a file that is not there, BM702 for one of another format, and what its format
    raises.
    """
    if isinstance(spec, Table):
        return spec
    if isinstance(spec, Mapping):
        return of_columns({str(k): x for k, x in spec.items()}, "the table")
    if not isinstance(spec, str | Path):
        from .frame_tables import of_frame

        return of_frame(spec)
    path = Path(spec).expanduser()
    if not path.is_file():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        close = near(path.name, beside)
        raise fail(
            "BM701",
            f"there is no file `{spec}`",
            help=f"did you mean `{path.parent / close}`?" if close else "",
        )
    known = formats()
    if _suffix(path) not in known:
        raise fail(
            "BM702",
            f"`{spec}` is no table of columns",
            help=f"tables that can be read: {', '.join(f'`.{s}`' for s in known)}, data frames",
        )
    try:
        made: Table = known[_suffix(path)].read(path)
    except OSError as problem:
        raise fail("BM703", f"`{path}` cannot be read: {problem.strerror or problem}") from problem
    return made


def _suffix(path: Path) -> str:
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return inner.suffix.lower().removeprefix(".")


def rows_of(table: Table, rows: np.ndarray) -> Table:
    """Some of the rows, in this order, without the frame that the table came from."""
    from dataclasses import replace

    columns = [
        replace(
            c,
            texts=None if c.texts is None else tuple(c.texts[k] for k in rows),
            numbers=None if c.numbers is None else c.numbers[rows],
        )
        for c in table.columns
    ]
    lines = tuple(table.lines[k] for k in rows) if table.lines else ()
    return replace(table, columns=tuple(columns), lines=lines)
