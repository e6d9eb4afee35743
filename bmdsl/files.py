"""Files written beside their place and then renamed, so that no reader sees half of one, and the
folders that come with the package.
"""

from __future__ import annotations

import os
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .language.diagnostics import fail, near

if TYPE_CHECKING:
    import numpy as np  # the language, which needs the grammar from here, starts without arrays

_PACKAGE = Path(__file__).parent

METADATA = "__metadata__"
"""The one name that a safetensors file has for itself."""
LONGEST = 60
"""Characters of a name in a file's name: at four bytes each they fit any file system."""


def put(path: Path, write: Callable[[Path], object]) -> Path:
    """`write` gets a place beside `path`, of the same suffix; what it leaves there takes the place
    of `path`. The folder must be there.
    """
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)  # there only where writing failed
    return path


def with_ending(path: Path, endings: Sequence[str], default: str = "") -> Path:
    """The path, with `default` (the first of `endings`) where its name has no ending.

    BmError BM787 for an ending that is none of them.

    What begins with a digit, as in `beta0.5`, is no ending.
    """
    if path.suffix.lower() in endings:
        return path
    if re.fullmatch(r"\.[A-Za-z]\w{0,11}", path.suffix):
        one = " or ".join(f"`{e}`" for e in endings)
        raise fail(
            "BM787",
            f"`{path.name}` ends in `{path.suffix}`, but what is written here is {one}",
            help=f"for instance `{path.with_suffix(default or endings[0]).name}`",
        )
    return path.with_name(path.name + (default or endings[0]))


def put_text(path: Path, text: str) -> Path:
    """A text in UTF-8."""
    return put(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """A compressed `.npz` of arrays of any names: `numpy.savez` takes them as keyword arguments,
    and has two of its own.
    """
    import numpy as np

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, x in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(x), allow_pickle=False)


def tensors(params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays under the names that they have in a safetensors file."""
    import numpy as np

    return {f"~{n}" if n == METADATA else n: np.asarray(x, order="C") for n, x in params.items()}


def parameters(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What `tensors` was made of."""
    return {n.removeprefix("~"): x for n, x in arrays.items()}


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Every name as a part of a file's name, no two alike where a file system takes `H` for `h`, or
    an accent in two spellings for one.
    """
    out: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        first = made = name[:LONGEST]
        number = 2
        while (key := unicodedata.normalize("NFKC", made).casefold()) in taken:
            made, number = f"{first}_{number}", number + 1
        taken.add(key)
        out[name] = made
    return out


def folder(name: str) -> Path:
    """`grammar` or `models`, as a folder."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def find_model(name: str) -> Path:
    """A `.bm` file by its path, or a shipped model by its name; BmError if there is neither."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = {p.stem: p for p in sorted(folder("models").glob("*.bm"))}
    if name in shipped:
        return shipped[name]
    close = near(path.stem, shipped)
    hint = (
        f"did you mean the shipped model `{close}`?"
        if close
        else f"shipped models: {', '.join(shipped)}"
    )
    raise fail("BM920", f"there is no file `{name}`", help=hint)
