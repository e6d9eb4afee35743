"""The files of a folder that are shards of one data set, in the order of their names."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ...language.diagnostics import BmWarning, Diagnostic, fail
from ...registry import discover

READERS = "bmdsl.data.readers"
SAMPLED, PLACES = 1 << 16, 8
"""Bytes and places of a large file that its fingerprint is of."""
DIGITS = 16
"""Hexadecimal digits of a shard's fingerprint."""


def streamable() -> dict[str, ModuleType]:
    """Readers that give cases some at a time, by suffix without the dot."""
    found = {n: m for n, m in discover(READERS).items() if hasattr(m, "rows")}
    return {**found, **{s: m for m in found.values() for s in getattr(m, "ALSO", ())}}


def suffix_of(path: Path) -> str:
    """A file's ending in small letters, without the dot."""
    return path.suffix.lower().removeprefix(".")


def is_store(path: Path) -> bool:
    """Whether a folder is one array's file, as Zarr has them."""
    reader = streamable().get(suffix_of(path))
    return bool(getattr(reader, "FOLDER", False)) and path.is_dir()


def files_in(folder: Path) -> list[Path]:
    """All shards in a folder and the folders in it, by name; names that begin with `.` or `_` are
    left out.

    BM723 where they are of several formats.
    """
    found = sorted(_walk(folder, streamable()), key=lambda p: p.relative_to(folder).as_posix())
    first: dict[ModuleType, Path] = {}
    for path in found:
        first.setdefault(streamable()[suffix_of(path)], path)
    if len(first) > 1:
        names = [p.relative_to(folder).as_posix() for p in first.values()]
        raise fail(
            "BM723",
            f"the shards of `{folder}` are of several formats: `{names[0]}`, `{names[1]}`",
            help="keep one format in the folder; a name that begins with `_` is left out",
        )
    return found


def _walk(folder: Path, known: dict[str, ModuleType]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        whole = suffix_of(path) in known and (path.is_file() or is_store(path))
        if whole:
            yield path
        elif path.is_dir():
            yield from _walk(path, known)


def warn_of_gaps(folder: Path, paths: Sequence[Path]) -> None:
    """Warns BM729 where shards are numbered and a number between them is not there."""
    names = [p.relative_to(folder).as_posix() for p in paths]
    for stem in dict.fromkeys(re.sub(r"\d+", "#", n) for n in names):
        alike = [n for n in names if re.sub(r"\d+", "#", n) == stem]
        parts = [re.findall(r"\d+", n) for n in alike]
        moving = [k for k in range(len(parts[0])) if len({p[k] for p in parts}) > 1]
        if len(moving) != 1:
            continue
        k = moving[0]
        numbers = sorted(int(p[k]) for p in parts)
        gaps = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        total = next((int(p[k + 1]) for p in parts[:1] if len(p) > k + 1), 0)
        if not gaps and "#-of-#" in stem and numbers[-1] + 1 < total:
            gaps = list(range(numbers[-1] + 1, total))
        if not gaps or len(gaps) > len(numbers):
            continue
        width = len(parts[0][k])
        pieces = re.split(r"(\d+)", alike[0])
        pieces[2 * k + 1] = f"{gaps[0]:0{width}d}"
        text = f"the shards of `{folder}` are numbered, and `{''.join(pieces)}` is not there"
        if len(gaps) > 1:
            text += f", nor are {len(gaps) - 1:,} more"
        how = ("bring it back if it was lost; if it never was, nothing has to be done",)
        warnings.warn(
            BmWarning(Diagnostic("BM729", text, None, helps=how, level="warning")), stacklevel=2
        )


@dataclass(frozen=True)
class FileState:
    """A file as it was when it was looked at: bytes and time of its last change."""

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """OSError where it is not there. A store is looked at by its description alone."""
        facts = _description(path).stat() if path.is_dir() else path.stat()
        return cls(facts.st_size, facts.st_mtime_ns)


def _description(store: Path) -> Path:
    """The file of a Zarr store that says what is in it."""
    known = (store / n for n in ("zarr.json", ".zarray", ".zgroup"))
    return next((p for p in known if p.exists()), store)


def fingerprint(path: Path) -> str:
    """Of a file's size and its bytes, those at PLACES evenly spread places where it is large: to be
    the same wherever the file lies, whenever it was copied.
    """
    made = hashlib.sha256()
    if not path.is_dir():
        _sample(path, made)
    else:
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        for p in inside:
            made.update(f"{p.relative_to(path).as_posix()} {p.stat().st_size}\n".encode())
        for p in inside[:: max(1, len(inside) // PLACES)]:
            _sample(p, made)
    return made.hexdigest()[:DIGITS]


def _sample(path: Path, made: hashlib._Hash) -> None:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        made.update(f"{size}\n".encode())
        if size <= SAMPLED * PLACES:
            file.seek(0)
            made.update(file.read())
            return
        for k in range(PLACES):
            file.seek((size - SAMPLED) * k // (PLACES - 1))
            made.update(file.read(SAMPLED))
