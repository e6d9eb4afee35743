"""From what a user writes (`digits`, `train.npz:x`) to a Dataset."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import numpy as np

from ..language.decoding import decoding
from ..language.diagnostics import fail, near
from ..language.outside import is_file, is_folder
from ..registry import discover
from .dataset import Dataset
from .image_folder import load_images
from .reading import Reading
from .streams.shards import is_store

_SETS = "bmdsl.data.sets"
_READERS = "bmdsl.data.readers"


def names() -> dict[str, str]:
    """The named sets, each with its summary."""
    return {name: module.WORD.summary for name, module in discover(_SETS).items()}


def load(spec: str, part: str = "train") -> Dataset:
    """The set or file that `spec` names.

    A named set wins over a file of that name: write `./digits` for the file.
    """
    sets = discover(_SETS)
    if spec in sets:
        return _load_set(sets[spec], part)
    if _looks_like_file(spec):
        if part != "train":
            raise fail(
                "BM708",
                f"`{spec}` is a file and has no part `{part}`",
                help="give the file of that part instead",
            )
        if is_folder(Path(spec)) and not is_store(Path(spec)):
            return load_images(Path(spec))
        found = read_contents(spec)
        return Dataset(spec, found.values, source=spec, states=found.states)
    guess = near(spec, sets)
    message = f"there is no data set or file named `{spec}`"
    known = f"named sets are {', '.join(f'`{name}`' for name in sets)}; a file is {_formats()}"
    raise fail(
        "BM701",
        message,
        help=f"did you mean `{guess}`?" if guess else known,
        note=known if guess else "",
    )


def read_file(spec: str) -> np.ndarray:
    """The array in the file `PATH` or `PATH:KEY`, unchecked but numeric."""
    return read_contents(spec).values


def read_contents(spec: str) -> Reading:
    """The array in the file `PATH` or `PATH:KEY`, unchecked but numeric, with what the file says
    about it.
    """
    path, key, reader = _locate(spec)
    if key is not None and not reader.KEYED:
        raise fail(
            "BM704",
            f"`{path.name}` holds one array, so `:{key}` names nothing",
            help=f"write `{path}`",
        )
    form = f"`{path}` cannot be read as `.{reader.WORD.name}`"
    with decoding("BM703", form, help=getattr(reader, "CURE", "")):
        made = reader.read(path, key)
    found = made if isinstance(made, Reading) else Reading(made)
    if found.values.dtype.kind not in "biuf":
        raise fail(
            "BM710",
            f"`{spec}` holds `{found.values.dtype}`, not real numbers",
            help="store integers, floats or booleans",
        )
    return found


def holds_several(spec: str) -> bool:
    """Whether the spec is a file of arrays by name, none of which it names."""
    if spec in discover(_SETS) or not _looks_like_file(spec):
        return False
    if is_folder(Path(spec)) and not is_store(Path(spec)):
        return False
    _, key, reader = _locate(spec)
    return key is None and bool(reader.KEYED)


def _load_set(module: ModuleType, part: str) -> Dataset:
    if part not in module.PARTS:
        known = ", ".join(f"`{p}`" for p in module.PARTS)
        raise fail(
            "BM708", f"`{module.WORD.name}` has no part `{part}`", help=f"its parts are {known}"
        )
    return module.load(part)


def _readers() -> dict[str, ModuleType]:
    """Reader modules by suffix without the dot; a reader may answer to further suffixes."""
    found = discover(_READERS)
    return {
        **found,
        **{suffix: module for module in found.values() for suffix in getattr(module, "ALSO", ())},
    }


def _formats() -> str:
    return ", ".join(f"`.{suffix}`" for suffix in _readers())


def _split_key(spec: str) -> tuple[str, str | None]:
    """`a.npz:x` → (`a.npz`, `x`).

    Only a colon after a known suffix counts, so that `C:\\a.npz` stays whole.
    """
    suffixes = "|".join(re.escape(s) for s in _readers())
    found = re.fullmatch(rf"(.+?\.(?:{suffixes})):(.*)", spec, flags=re.IGNORECASE | re.DOTALL)
    return (found[1], found[2]) if found else (spec, None)


def _looks_like_file(spec: str) -> bool:
    path, key = _split_key(spec)
    return (
        key is not None
        or Path(path).suffix != ""
        or "/" in path
        or "\\" in path
        or is_file(Path(path))
        or is_folder(Path(path))
    )


def _locate(spec: str) -> tuple[Path, str | None, ModuleType]:
    """Path, key and reader of a spec; complains about what is not there."""
    text, key = (spec, None) if is_file(Path(spec)) else _split_key(spec)
    path = Path(text).expanduser()
    if is_folder(path) and not is_store(path):
        raise fail(
            "BM701",
            f"`{text}` is a folder, one array is needed here",
            help=f"give a file in it: {_formats()}",
        )
    if not is_file(path) and not is_store(path):
        siblings = [p.name for p in path.parent.iterdir()] if is_folder(path.parent) else []
        guess = near(path.name, siblings)
        raise fail(
            "BM701",
            f"there is no file `{text}`",
            help=f"did you mean `{path.parent / guess}`?" if guess else "",
        )
    readers = _readers()
    suffix = path.suffix.lower().removeprefix(".")
    inner = path.with_suffix("").suffix.lower().removeprefix(".")
    if suffix == "gz" and getattr(readers.get(inner), "GZIP", False):
        suffix = inner
    if suffix not in readers:
        what = f"the format `.{suffix}`" if suffix else "a file without a suffix"
        raise fail(
            "BM702",
            f"cannot read `{text}`: {what} is not known",
            help=f"formats that can be read: {_formats()}",
        )
    return path, key, readers[suffix]
