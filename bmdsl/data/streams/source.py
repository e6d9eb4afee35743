"""A file or a folder of shards as cases of named groups that are read some at a time, as they
are stored.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
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
from .shards import FileState, files_in, fingerprint, streamable, suffix_of, warn_of_gaps

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


def digest_of(listing: Sequence[Sequence[Any]]) -> str:
    """SHA-256 of the shards' fingerprints and sizes, of no name: a folder may move."""
    facts = [[x[1], x[2], x[3]] for x in listing]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def changes(before: Sequence[Sequence[Any]], now: Sequence[Sequence[Any]]) -> str:
    """The first shard that is gone, new or changed between two listings."""
    old, new = ({x[0]: list(x) for x in listing} for listing in (before, now))
    gone, added = ([n for n in a if n not in b] for a, b in ((old, new), (new, old)))
    other = [n for n in old if n in new and old[n] != new[n]]
    if other:
        one, first = old[other[0]], new[other[0]]
        what = f"{first[1]:,} cases, then {one[1]:,}" if one[1] != first[1] else "other bytes"
        return f"the shard `{other[0]}` has changed ({what})"
    if gone:
        return f"the shard `{gone[0]}` is gone"
    return f"the shard `{added[0]}` is new" if added else "its shards lie in another order"


def open_file(path: Path, key: str | None, groups: Sequence[str]) -> ShardSource | None:
    """One file as a source; None if its format cannot be read some cases at a time."""
    form = streamable().get(suffix_of(path))
    if form is None:
        return None
    return _source(str(path), path, [{g: path for g in groups}], form, key, groups, False)


def open_folder(folder: Path, key: str | None, groups: Sequence[str]) -> ShardSource | None:
    """The shards of a folder as a source; None if there are none.

    Groups lie in arrays or columns of their names, or, in formats of one array a file, in folders
    of their names. BM723 where shards do not belong together, BM724 for a damaged one.
    """
    paths = files_in(folder)
    if not paths:
        return None
    form = streamable()[suffix_of(paths[0])]
    if len(groups) > 1 and not (form.KEYED or hasattr(form, "COLUMNS")):
        files = _by_group(folder, groups)
    else:
        files = [{g: p for g in groups} for p in paths]
    warn_of_gaps(folder, [x[groups[0]] for x in files])
    return _source(str(folder), folder, files, form, key, groups, True)


def _by_group(folder: Path, groups: Sequence[str]) -> list[dict[str, Path]]:
    """Files of as many folders as there are groups, in step."""
    lists = {g: files_in(folder / g) if (folder / g).is_dir() else [] for g in groups}
    counts = {g: len(x) for g, x in lists.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        found = ", ".join(f"`{g}/` has {n}" for g, n in counts.items())
        raise fail(
            "BM723",
            f"the shards of several groups lie in folders of their names in `{folder}`, as many in"
            f" each: {found}",
            help="or in one file a shard that holds an array of each name: .npz, .h5, .zarr,"
            " .parquet",
        )
    return [dict(zip(groups, x, strict=True)) for x in zip(*lists.values(), strict=True)]


def _source(
    place: str,
    base: Path,
    files: list[dict[str, Path]],
    form: ModuleType,
    key: str | None,
    groups: Sequence[str],
    folder: bool,
) -> ShardSource:
    keys = _keys(files[0], form, key, groups)
    kinds: dict[str, GroupKind] = {}
    shards = []
    for paths in files:
        state = {p: _state(p) for p in paths.values()}
        counts: dict[str, int] = {}
        widest, unit = -1, 1
        pieces: tuple[int, ...] = ()
        for g, path in paths.items():
            rows = _opened(form, path, keys[g])
            try:
                kind = GroupKind(rows.shape, rows.dtype, rows.names)
                _verify_alike(kinds.setdefault(g, kind), kind, files[0][g], path)
                counts[g] = rows.count
                if prod(kind.shape) > widest:
                    widest, unit, pieces = prod(kind.shape), max(1, rows.unit), rows.groups
            finally:
                rows.close()
        first = paths[groups[0]]
        if len(set(counts.values())) > 1:
            found = ", ".join(f"`{g}` has {n:,}" for g, n in counts.items())
            raise fail(
                "BM723",
                f"the groups of the shard `{first}` have different numbers of cases: {found}",
                help="every case needs a row in each",
            )
        name = first.relative_to(base).as_posix() if folder else first.name
        shards.append(Shard(name, paths, counts[groups[0]], state, unit, pieces))
    made = ShardSource(place, tuple(shards), kinds, keys, form, folder)
    _verify_numbers(made)
    return made


def _keys(
    files: dict[str, Path], form: ModuleType, key: str | None, groups: Sequence[str]
) -> dict[str, str | None]:
    """Group → the name of its array or column; None for the only one, or for all columns.

    A group alone has the array that is named, the only one, or that of its own name.
    """
    several = form.KEYED or hasattr(form, "COLUMNS")
    if len(groups) > 1:
        return {g: g if several else None for g in groups}
    if key is None and several:
        try:
            _opened(form, files[groups[0]], None).close()
        except BmError as error:
            if error.diagnostics[0].code not in ("BM704", "BM705"):
                raise
            try:
                _opened(form, files[groups[0]], groups[0]).close()
            except BmError:
                raise error from None
            return {groups[0]: groups[0]}
    return {groups[0]: key}


def _opened(form: ModuleType, path: Path, key: str | None) -> ShardRows:
    cure = getattr(form, "CURE", "") or CURE
    with decoding("BM724", f"the shard `{path}` cannot be read", help=cure):
        rows: ShardRows = form.rows(path, key)
        return rows


def _verify_numbers(made: ShardSource) -> None:
    for g, kind in made.kinds.items():
        if kind.dtype.kind not in "biuf":
            raise fail(
                "BM710",
                f"`{made.place}` holds `{kind.dtype}` for `{g}`, not real numbers",
                help="store integers, floats or booleans",
            )
    if not made.count:
        raise fail("BM712", f"`{made.place}` holds no cases", help="its shards are all empty")


def _state(path: Path) -> FileState:
    try:
        return FileState.of(path)
    except OSError as error:
        raise fail(
            "BM724", f"the shard `{path}` cannot be read: {error.strerror}", help=CURE
        ) from None


def _verify_alike(first: GroupKind, other: GroupKind, path: Path, now: Path) -> None:
    if first != other:
        raise fail(
            "BM723",
            f"shards differ: `{now}` holds {other}, `{path}` holds {first}",
            help="write all shards with the same columns, types and shapes",
        )
