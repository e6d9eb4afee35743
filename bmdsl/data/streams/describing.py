"""A folder of shards, or a file of arrays, in words: what it holds, and how it would be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...language.diagnostics import counted, fail
from ...language.outside import is_file, is_folder
from .assembling import open_file, open_folder
from .opening import split_place
from .reader import DEFAULT_WINDOW, BlockLayout
from .shards import files_in, is_store, streamable, suffix_of
from .source import ShardSource

PLACES, CASES = 8, 256
"""Places and cases of each that values are looked at."""
MAX_SHOWN = 30
"""Arrays that are listed."""


@dataclass(frozen=True)
class Described:
    """An array of all shards: its type and shape, and values of some of its cases."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: str
    missing: int
    cases_seen: int

    def row(self) -> tuple[str, ...]:
        """A line of a table."""
        axes = ", ".join(("cases", *map(str, self.shape)))
        return self.name, self.dtype, f"({axes})", self.values, str(self.missing or "")


@dataclass(frozen=True)
class ShardsDescription:
    """What `bm data describe` says of shards."""

    name: str
    shards: int
    cases: int
    nbytes: int
    arrays: tuple[Described, ...]
    window: int
    blocks: int
    others: int

    def head(self) -> str:
        """`shards: 8 shards, 160,000 cases, 502 MB of numbers`."""
        from ...plan.costs import count_text

        size = f"{count_text(self.nbytes)}B of numbers"
        return f"{self.name}: {counted(self.shards, 'shard')}, {self.cases:,} cases, {size}"

    def lines(self) -> list[str]:
        """A line an array, and how they would be read."""
        seen = max(x.cases_seen for x in self.arrays)
        head = ("array", "type", "shape", f"values, of {seen:,} cases", "missing")
        rows = [head, *(x.row() for x in self.arrays)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        table = [
            "  ".join(f"{x:{w}}" for x, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        windows = -(-self.cases // self.window)
        end = (
            f"read as it is trained on, {self.window:,} cases of"
            f" {counted(round(self.blocks * self.window / self.cases), 'block')} are shuffled"
            f" together, {counted(windows, 'window')} an epoch"
        )
        more = [f"and {self.others} more arrays"] if self.others else []
        return [*table, *more, "", end]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "place": self.name,
            "shards": self.shards,
            "cases": self.cases,
            "bytes": self.nbytes,
            "arrays": [
                {
                    "name": x.name,
                    "type": x.dtype,
                    "shape": list(x.shape),
                    "values": x.values,
                    "missing": x.missing,
                    "cases_seen": x.cases_seen,
                }
                for x in self.arrays
            ],
            "window": self.window,
            "blocks": self.blocks,
        }


def is_described(place: str) -> bool:
    """Whether this is a folder, or a file of arrays, rather than a table."""
    path, _ = split_place(place)
    if is_folder(path):
        return True
    form = streamable().get(suffix_of(path))
    return is_file(path) and form is not None and not hasattr(form, "COLUMNS")


def describe_shards(place: str) -> ShardsDescription:
    """What the shards of a folder, or the arrays of a file, seem to be.

    BM701 where the folder holds none, and the errors of shards that do not belong together.
    """
    path, key = split_place(place)
    folder = is_folder(path) and not is_store(path)
    files = files_in(path) if folder else [path]
    if not files:
        known = ", ".join(f"`.{s}`" for s in streamable())
        raise fail("BM701", f"the folder `{path}` has no shards", help=f"shards are {known}")
    found = list(_sources(path, key, files, folder))
    first = found[0][1]
    shown = tuple(_described(name, s) for name, s in found[:MAX_SHOWN])
    numbers = sum(prod(x.shape) for x in shown)
    layout = BlockLayout.of(first, numbers, DEFAULT_WINDOW)
    return ShardsDescription(
        path.name,
        len(first.shards),
        first.count,
        sum(s.nbytes for _, s in found),
        shown,
        min(layout.room, first.count),
        len(layout),
        len(found) - len(shown),
    )


def _sources(
    path: Path, key: str | None, files: list[Path], folder: bool
) -> Iterator[tuple[str, ShardSource]]:
    """Each array of the shards by its name."""
    form = streamable()[suffix_of(files[0])]
    names = form.names(files[0]) if hasattr(form, "names") and key is None else []
    inner = sorted({p.relative_to(path).parts[0] for p in files}) if folder else []
    if not names and folder and all((path / n).is_dir() and not is_store(path / n) for n in inner):
        for name in inner:  # a folder a group
            yield from (
                (name, s) for _, s in _sources(path / name, None, files_in(path / name), True)
            )
        return
    for name in names or [key]:
        group = name or path.stem
        opened = open_folder(path, name, [group]) if folder else open_file(path, name, [group])
        if opened is not None:
            yield group, opened


def _described(name: str, source: ShardSource) -> Described:
    cuts = np.unique(np.linspace(0, len(source.shards) - 1, PLACES).astype(int))
    seen = []
    for k in cuts:
        one = source.shards[k]
        if one.count:
            seen += [source.read(int(k), 0, min(CASES, one.count))]
    x = np.concatenate([next(iter(part.values())) for part in seen])
    kind = next(iter(source.kinds.values()))
    there = x[~np.isnan(x)] if x.dtype.kind == "f" else x.reshape(-1)
    values = ""
    if there.size:
        values = f"{there.min():.5g} to {there.max():.5g}, mean {there.mean():.4g}"
    source.close()
    return Described(name, str(kind.dtype), kind.shape, values, int(x.size - there.size), len(x))
