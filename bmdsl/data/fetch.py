"""A file of a public data set: from the folder the user keeps data in, else from the cache, else
from the web.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..language.diagnostics import fail
from .packages import needed

_FOLDER = "BMDSL_DATA"


def find_file(name: str, file: str, sha256: str, mirrors: tuple[str, ...]) -> Path:
    """Path of `file` of the set `name`, with the published content: `$BMDSL_DATA/name/file`, or
    downloaded once.
    """
    if os.environ.get(_FOLDER):
        path = Path(os.environ[_FOLDER]).expanduser() / name / file
        if path.is_file():
            return _checked(path, sha256)
    return _download(name, file, sha256, mirrors)


def _checked(path: Path, sha256: str) -> Path:
    """Results on a damaged or different file would look like results on the published set."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as problem:
        raise fail("BM703", f"`{path}` cannot be read: {problem.strerror or problem}") from problem
    if found != sha256:
        raise fail(
            "BM707",
            f"`{path}` is not the published file: its sha256 is {found[:12]}..., expected"
            f" {sha256[:12]}...",
            help=(
                "delete it to have it downloaded again, or load your own data as `.npy`, `.npz` or"
                " `.csv`"
            ),
        )
    return path


def _download(name: str, file: str, sha256: str, mirrors: tuple[str, ...]) -> Path:
    pooch = needed("pooch", "pooch", f"downloading the data set `{name}`", "pooch")
    folder = Path(pooch.os_cache("bmdsl")) / name
    reasons: list[str] = []
    for mirror in mirrors:
        try:
            return Path(
                pooch.retrieve(
                    mirror + file, known_hash=f"sha256:{sha256}", fname=file, path=folder
                )
            )
        # pooch passes on what its downloader raises (requests' errors are OSErrors) and ValueError
        # for a wrong checksum.
        except (OSError, ValueError) as problem:
            reasons.append(f"{mirror}: {_first_line(problem)}")
    raise fail(
        "BM707",
        f"the data set `{name}` could not be downloaded",
        help=(
            f"put `{file}` into `{folder}`, or into `{name}/` under the folder that {_FOLDER} names"
        ),
        note="; ".join(reasons),
    )


def _first_line(problem: Exception) -> str:
    text = str(problem).strip().splitlines() or [type(problem).__name__]
    return text[0] if len(text[0]) <= 120 else text[0][:117] + "..."
