"""A file or a folder of shards as cases of named groups that are read some at a time, as they
are stored.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ...language.decoding import decoding
from ...language.diagnostics import BmError, fail
from .rows import RawRows, ShardRows
from .shards import FileState, fingerprint

OPEN = 16
"""Files that are open at once."""
HEAD = 8
"""Cases that tell the shapes of data."""


@dataclass(frozen=True)
class GroupKind:
    """What the shards of one group have in common."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        axes = ", ".join(map(str, ("cases", *self.shape)))
        columns = f", columns {', '.join(self.names[:6])}" if self.names else ""
        more = ", ..." if len(self.names) > 6 else ""
        return f"{self.dtype} of shape ({axes}){columns}{more}"


@dataclass(frozen=True)
class Shard:
    """One file, or one of every group."""

    name: str
    paths: dict[str, Path]
    """Group → file."""
    count: int
    state: dict[Path, FileState] = field(compare=False)
    unit: int = 1
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class ShardSource:
    """Shards in order, their groups' kinds, and how they are read."""

    place: str
    shards: tuple[Shard, ...]
    kinds: dict[str, GroupKind]
    keys: dict[str, str | None]
    form: ModuleType
    folder: bool
    _open: OrderedDict[tuple[Path, str | None], ShardRows] = field(
        default_factory=OrderedDict, repr=False, compare=False
    )
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def count(self) -> int:
        """Number of cases."""
        return sum(s.count for s in self.shards)

    @property
    def numbers(self) -> int:
        """Numbers in all cases."""
        return self.count * sum(prod(k.shape) for k in self.kinds.values())

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers as they are stored, unpacked."""
        return self.count * sum(prod(k.shape) * k.dtype.itemsize for k in self.kinds.values())

    def read(
        self, shard: int, low: int, high: int, into: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Cases low, ..., high − 1 of a shard, by group; in the arrays `into`, where these are
        given, as they are stored.

        BM724 for a damaged one, BM725 for one that changed since it was looked at.
        """
        one = self.shards[shard]
        with self._lock:
            out = {}
            for group, path in one.paths.items():
                room = None if into is None else into[group]
                try:
                    with decoding("BM724", f"the shard `{path}` cannot be read", help=CURE):
                        out[group] = self._cases(path, self.keys[group], low, high, room)
                except BmError:
                    self._verify_unchanged(one, path)
                    raise
                self._verify_unchanged(one, path)
        return out

    def _cases(
        self, path: Path, key: str | None, low: int, high: int, into: np.ndarray | None
    ) -> np.ndarray:
        rows = self._rows(path, key)
        if into is None:
            return rows.read(low, high)
        if isinstance(rows, RawRows):
            rows.read_into(low, into)
        else:
            into[...] = rows.read(low, high)
        return into

    def _verify_unchanged(self, one: Shard, path: Path) -> None:
        try:
            same = FileState.of(path) == one.state[path]
        except OSError:
            raise fail(
                "BM724",
                f"the shard `{path}` is no longer there",
                help="bring it back, then `bm resume RUN` goes on from the last checkpoint",
            ) from None
        if not same:
            raise fail(
                "BM725",
                f"the shard `{path}` has changed while it was read",
                help="shards stay as they are until the training ends: put the old one back, or"
                " name the data to go on with them as they are now, `bm resume RUN DATA`",
            )

    def _rows(self, path: Path, key: str | None) -> ShardRows:
        at = path, key
        if hasattr(self.form, "WHOLE"):
            opened: ShardRows = self.form.rows(path, key)
            return opened
        found = self._open.get(at)
        if found is None:
            while len(self._open) >= OPEN:
                self._open.popitem(last=False)[1].close()
            found = self._open[at] = self.form.rows(path, key)
        self._open.move_to_end(at)
        return found

    def head(self) -> dict[str, np.ndarray]:
        """The first few cases."""
        k = next((k for k, s in enumerate(self.shards) if s.count), 0)
        return self.read(k, 0, min(HEAD, self.shards[k].count))

    def whole(self) -> dict[str, np.ndarray]:
        """All cases in memory, where they fit; else BM726."""
        from ..memory import memory_limit

        limit = memory_limit()
        if limit is not None and 2 * self.nbytes > limit:
            raise needs_all(self.place, self.nbytes)
        parts = [self.read(k, 0, s.count) for k, s in enumerate(self.shards) if s.count]
        return {n: np.concatenate([p[n] for p in parts]) for n in self.kinds}

    def close(self) -> None:
        """Closes all files; what is read next opens them again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    @cached_property
    def listing(self) -> list[list[Any]]:
        """A line a shard: its name, cases, bytes and fingerprint."""
        base = Path(self.place)
        lines = []
        for s in self.shards:
            made = "".join(fingerprint(p) for p in dict.fromkeys(s.paths.values()))
            size = sum(x.size for x in s.state.values())
            lines.append([s.name if self.folder else base.name, s.count, size, made])
        return lines


CURE = "write it again, or move it away: all other shards are whole data"


def needs_all(place: str, size: float, what: str = "this") -> BmError:
    """BM726: what was asked for takes all cases at once."""
    from ...plan.costs import count_text

    return fail(
        "BM726",
        f"{what} needs all cases of `{place}` at once, {count_text(size)}B as they are stored,"
        " more than fits into memory",
        help="`bm train`, `bm resume` and `bm eval` read shards some at a time; for the rest give"
        " one of the shards, or fewer cases",
    )
