"""ShardRows of a Parquet table, a row group at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...language.diagnostics import fail, near

EXACT_IN_SINGLE = 2
"""Most bytes of a whole number that float32 holds exactly."""


@dataclass(frozen=True)
class TableRows:
    """Columns of numbers as [cases, columns], or one column, a number or a list a case."""

    file: Any
    arrow: Any
    columns: tuple[str, ...]
    alone: bool
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    groups: tuple[int, ...]

    @classmethod
    def of(cls, path: Path, file: Any, arrow: Any, key: str | None) -> TableRows:
        """BM704 for a column that is not there, BM705 for one of no numbers."""
        schema = file.schema_arrow
        names = tuple(schema.names) if key is None else (key,)
        if key is not None and key not in schema.names:
            close = near(key, schema.names)
            listing = ", ".join(f"`{n}`" for n in schema.names[:20])
            raise fail(
                "BM704",
                f"`{path}` has no column `{key}`; it has {listing}",
                help=f"did you mean `{close}`?" if close else "",
            )
        lists = [arrow.types.is_fixed_size_list(schema.field(n).type) for n in names]
        alone = key is not None or (len(names) == 1 and lists[0])
        for name, is_list in zip(names, lists, strict=True):
            kind = schema.field(name).type
            inner = kind.value_type if is_list else kind
            if is_list and not alone or not _is_number(arrow, inner):
                raise fail(
                    "BM705",
                    f"column `{name}` of `{path}` holds `{kind}`, not numbers",
                    help=(
                        "a column of lists has lists of one length"
                        f" (`pyarrow.list_(pyarrow.float32(), {784})`); leave a column of names"
                        " out, and write categories as 0, 1, 2, ..."
                    ),
                )
        kinds = [schema.field(n).type for n in names]
        inner = [k.value_type if x else k for k, x in zip(kinds, lists, strict=True)]
        shape = ((kinds[0].list_size,) if lists[0] else ()) if alone and kinds else (len(names),)
        facts = file.metadata
        groups = tuple(facts.row_group(k).num_rows for k in range(facts.num_row_groups))
        return cls(file, arrow, names, alone, shape, _type(inner), groups)

    @property
    def count(self) -> int:
        """Number of rows."""
        return sum(self.groups)

    @property
    def unit(self) -> int:
        """Row groups have sizes of their own."""
        return 1

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns

    def read(self, low: int, high: int) -> np.ndarray:
        """ShardRows low, ..., high − 1; cells without a value are NaN."""
        ends = np.cumsum(self.groups)
        starts = ends - np.array(self.groups)
        here = np.flatnonzero((starts < high) & (ends > low))
        if not len(here):
            return np.empty((0, *self.shape), self.dtype)
        table = self.file.read_row_groups([int(k) for k in here], columns=list(self.columns))
        table = table.slice(low - int(starts[here[0]]), high - low)
        made = [self._numbers(c) for c in table.columns]
        if self.alone:
            return made[0].reshape(high - low, *self.shape)
        return np.stack(made, axis=1) if made else np.empty((high - low, 0), self.dtype)

    def _numbers(self, column: Any) -> np.ndarray:
        arrow = self.arrow
        kind = arrow.from_numpy_dtype(self.dtype)
        if not arrow.types.is_fixed_size_list(column.type):
            return np.asarray(column.cast(kind).to_numpy(), self.dtype)
        if column.null_count:
            raise ValueError("a list is missing: write NaN for its numbers")
        parts = [
            np.asarray(x.flatten().cast(kind).to_numpy(zero_copy_only=False)) for x in column.chunks
        ]
        return np.concatenate(parts) if parts else np.empty(0, self.dtype)

    def close(self) -> None:
        """Closes the file."""
        self.file.close()


def _is_number(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def _type(kinds: list[Any]) -> np.dtype[Any]:
    """float32 where that holds every number of the columns, else float64: a cell may be missing."""
    single = all(
        str(k) in ("bool", "halffloat", "float") or (k.bit_width <= 8 * EXACT_IN_SINGLE)
        for k in kinds
    )
    return np.dtype(np.float32 if single else np.float64)
