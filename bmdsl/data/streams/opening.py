"""Which data are streamed, and their source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...language.diagnostics import BmError, fail
from ...language.outside import is_file, is_folder
from ...registry import discover
from ..folders import images_in
from .assembling import open_file, open_folder
from .shards import is_store, streamable, suffix_of
from .source import ShardSource

SETS = "bmdsl.data.sets"
LARGE = 1 << 28
"""Numbers of a file from which on it is streamed where nobody says otherwise: 1 GiB of float32. A
count, and no share of the memory: a run is the same on every machine.
"""


def open_source(
    spec: Any, groups: Sequence[str], streamed: str, part: str, tabled: bool
) -> ShardSource | None:
    """The source of a folder of shards, or of a file that is to be streamed; else None.

    BM734 where `streamed` is `always` for what cannot be streamed.
    """
    if not isinstance(spec, str | Path) or str(spec) in discover(SETS):
        if streamed == "always":
            what = f"`{spec}` is a named set" if isinstance(spec, str) else "these data are arrays"
            raise cannot(what)
        return None
    path, key = split_place(str(spec))
    folder = is_folder(path) and not is_store(path)
    found = None
    if folder and not any(True for _ in images_in(path)):
        found = open_folder(path, key, groups)
    elif streamed != "never" and (is_file(path) or is_store(path)) and not tabled:
        found = _file(path, key, groups, streamed)
    if found is not None and tabled:
        raise fail(
            "BM734",
            f"a data block learns the levels of a whole table, `{spec}` is a folder of shards",
            help="write the columns as numbers, and the model without a data block: a group takes"
            " the column of its name",
        )
    if found is not None and part != "train":
        raise fail(
            "BM708",
            f"`{spec}` has no part `{part}`",
            help="give the folder of that part instead",
        )
    if found is None and streamed == "always":
        raise cannot(f"`{spec}` is no such file")
    return found


def _file(path: Path, key: str | None, groups: Sequence[str], streamed: str) -> ShardSource | None:
    """One file, where it is to be streamed. What is wrong with a small one, its reader says."""
    reader = streamable().get(suffix_of(path))
    several = getattr(reader, "KEYED", False) or hasattr(reader, "COLUMNS")
    if reader is None or (len(groups) > 1 and not several):
        return None
    if streamed == "always":
        return open_file(path, key, groups)
    if hasattr(reader, "WHOLE"):
        return None
    size = sum(p.stat().st_size for p in path.rglob("*")) if path.is_dir() else path.stat().st_size
    if 64 * size < LARGE:  # not even of packed bits
        return None
    try:
        found = open_file(path, key, groups)
    except BmError:
        return None
    return found if found is not None and found.numbers > LARGE else None


def split_place(spec: str) -> tuple[Path, str | None]:
    """A file or folder, and the name of the array in it where `:NAME` follows."""
    whole = Path(spec).expanduser()
    before, colon, key = spec.rpartition(":")
    if colon and not whole.exists() and Path(before).expanduser().exists():
        return Path(before).expanduser(), key
    return whole, None


def cannot(what: str) -> Exception:
    """BM734, with what can be streamed."""
    return fail(
        "BM734",
        f"{what}, which `streaming always` cannot read some cases at a time",
        help=f"a folder of shards, or a file: {', '.join(f'`.{s}`' for s in streamable())}; or"
        " `streaming auto`",
    )
