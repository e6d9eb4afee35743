"""A file, or the files of a folder, looked at and put together as one source of cases."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from types import ModuleType

from ...language.decoding import decoding
from ...language.diagnostics import BmError, fail
from .rows import ShardRows
from .shards import FileState, files_in, streamable, suffix_of, warn_of_gaps
from .source import CURE, GroupKind, Shard, ShardSource


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
