"""Notices of tables that a model takes whole, as no data block names columns: an id among the data,
or codes and scales as real numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..language.diagnostics import BmError, BmWarning, Diagnostic
from ..language.model import Model as CheckedModel
from .column_kinds import kind_of
from .column_notices import is_real
from .proposing import quoted, written
from .table_files import is_table_file, load_table

MAX_BYTES = 4_000_000
"""Size of a file up to which its cells are looked at one by one: a second."""
MAX_NAMED = 3


def column_notices(spec: Any, model: CheckedModel) -> list[BmWarning]:
    """Warnings BM748 of ids and BM747 of few values, each with the columns that it is of; none of a
    table without names, of a large one, or where a data block has chosen columns.
    """
    groups = [g for g in model.groups if g.role != "hidden"]
    if model.table is not None or len(groups) != 1 or not is_table_file(spec):
        return []
    path, group = Path(spec), groups[0]
    if not path.is_file() or path.stat().st_size > MAX_BYTES or not is_real(group):
        return []
    try:
        table = load_table(path)
    except BmError:
        return []
    named = [c for c in table.columns if not c.name.startswith("column ")]
    if all(c.name.isdigit() for c in named):
        return []
    kinds = {c.name: kind_of(c) for c in named}
    ids = [n for n, k in kinds.items() if k.name == "id"]
    few = [n for n, k in kinds.items() if k.unit in ("binary", "categorical")]
    others = [n for n in kinds if n not in ids]
    made = []
    if ids:
        names = written(others, table.names) if others else "FIRST..LAST"
        cure = f"`-C '{group.name} = {names}' -C 'id = {', '.join(map(quoted, ids))}'`"
        seem = (
            "is data here, but seems to be an id"
            if len(ids) == 1
            else "are data here, but seem ids"
        )
        made.append(_warning("BM748", f"{_columns(ids)} of `{path.name}` {seem}", cure))
    if few:
        have = "has" if len(few) == 1 else "have"
        what = (
            f"{_columns(few)} of `{path.name}` {have} few values, but {group.unit} units are real"
        )
        cure = (
            f"`bm data describe {path.name}` says which units fit, `bm new NAME --from` writes them"
        )
        made.append(_warning("BM747", f"{what} numbers", cure))
    return made


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{n}`" for n in names[:MAX_NAMED])
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"column{'s' * (len(names) > 1)} {shown}{more}"


def _warning(code: str, message: str, help: str) -> BmWarning:
    return BmWarning(Diagnostic(code, message, None, helps=(help,), level="warning"))
