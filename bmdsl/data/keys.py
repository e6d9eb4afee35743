"""Which array of a file with several is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..language.diagnostics import fail, near


def choose_key(path: Path, key: str | None, known: Sequence[str]) -> str:
    """`key` if the file has it; the only array if none is asked for; else a diagnostic that lists
    what there is.
    """
    if not known:
        raise fail("BM704", f"`{path}` holds no arrays")
    listing = ", ".join(f"`{k}`" for k in known[:20]) + (
        f" and {len(known) - 20} more" if len(known) > 20 else ""
    )
    if not key:
        if len(known) == 1 and key is None:
            return known[0]
        message = f"`{path}` holds {len(known)} array{'s' * (len(known) > 1)}: {listing}"
        raise fail("BM704", message, help=f"choose one: `{path}:{known[0]}`")
    # HDF5 users write a leading slash; it names the same array.
    plain = key if key in known else key.strip("/")
    if plain in known:
        return plain
    guess = near(key, known)
    raise fail(
        "BM704",
        f"`{path}` has no array `{key}`; it holds {listing}",
        help=f"did you mean `{path}:{guess}`?" if guess else "",
    )
