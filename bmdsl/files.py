"""Files written beside their place and then renamed, so that no reader sees half of one, and the
folders that come with the package.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .language.diagnostics import fail, near

if TYPE_CHECKING:
    import numpy as np  # the language, which needs the grammar from here, starts without arrays

_PACKAGE = Path(__file__).parent

METADATA = "__metadata__"
"""The one name that a safetensors file has for itself."""
BESIDE = ".part-"
"""What the name of a file has that is being written: the process that writes it follows."""
OF_SAFETENSORS = ".tmp" + 6 * "[0-9A-Za-z]"
"""What safetensors, from 0.8 on, calls the file that it then renames to the one it was told."""
LONGEST = 60
"""Characters of a name in a file's name: at four bytes each they fit any file system."""


def put(path: Path, write: Callable[[Path], object]) -> Path:
    """`write` gets a place beside `path`, of the same suffix; what it leaves there takes the place
    of `path`. The folder must be there.

    The file reaches the disk before its name does, and the name before this returns: after a power
    cut `path` is the old file or the new one. OSError of a full disk names `path`.
    """
    beside = path.with_name(
        f".{path.stem}{BESIDE}{os.getpid()}-{secrets.token_hex(3)}{path.suffix}"
    )
    try:
        with named(path):
            # made here, so that what stands there already, or points elsewhere, is not written to
            descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            mode = os.fstat(descriptor).st_mode & 0o777
            os.close(descriptor)
            write(beside)
            if beside.stat().st_mode & 0o777 != mode:
                beside.chmod(mode)
            sync(beside)
            os.replace(beside, path)
            sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)  # there only where writing failed
    return path


def sync(path: Path) -> None:
    """Has a file's contents, or a folder's names, written to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders, and writes names in order
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """An OSError inside is one of `path`: that of a full disk names no file, that of a file beside
    `path` one that nobody knows.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise
    except Exception as error:
        if type(error).__name__ == "SafetensorError":  # which is what it makes of an OSError
            number = _number(str(error))
            raise OSError(number, os.strerror(number), str(path)) from error
        raise


def _number(text: str) -> int:
    """The error number in `I/O error: No space left on device (os error 28)`, or in `IoError(Os {
    code: 28, ...` of earlier versions.
    """
    found = re.search(r"os error (\d+)|\bOs { code: (\d+)", text)
    return int(found[1] or found[2]) if found else errno.EIO


def remove_leftovers(folder: Path) -> list[Path]:
    """Removes what writers that are no longer alive left beside their files; what was removed.

    What safetensors leaves names no process: this is for folders that one process writes to.
    """
    removed = []
    names = (f".*{BESIDE.rstrip('-')}*", OF_SAFETENSORS)
    for path in (p for name in names for p in folder.glob(name)):
        found = re.search(re.escape(BESIDE) + r"(\d+)-[0-9a-f]+(\.\w+)?$", path.name)
        if path.is_file() and not (found and is_alive(int(found[1]))):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def is_alive(process: int) -> bool:
    """Whether a process of this number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


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
