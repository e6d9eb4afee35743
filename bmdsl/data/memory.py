"""Bounds on what a file may take in memory: a small one can declare, or unpack to, any size."""

from __future__ import annotations

import gzip
from pathlib import Path

from ..language.diagnostics import fail
from ..plan.costs import count_text, memory_limit

MAX_BYTES = 1 << 32
"""Most bytes of a file that is held as a whole, unpacked."""
FREE_BYTES = 1 << 26
"""Bytes that any packed file may unpack to."""
MAX_RATIO = 200
"""Bytes unpacked for one packed past `FREE_BYTES`: tables and images have 2 to 50, a bomb 1,000."""
STEP = 1 << 24


def verify_affordable(what: str, size: int) -> None:
    """BmError BM970 where an array of `size` bytes is more than the memory that may be taken."""
    limit = memory_limit()
    if limit is not None and size > limit:
        raise fail(
            "BM970",
            f"{what} needs {count_text(size)}B of memory, the limit is {count_text(limit)}B",
            help="fewer columns, or some of the rows at a time",
        )


def read_bounded(path: Path) -> bytes:
    """The whole content of a file, unpacked where its name ends in `.gz`.

    BmError BM970 past `MAX_BYTES`, or for far more than its packed size; other errors as they are.
    """
    packed = path.suffix.lower() == ".gz"
    allowed = MAX_BYTES
    if packed:
        allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * path.stat().st_size))
    with gzip.open(path, "rb") if packed else open(path, "rb") as file:
        parts, size = [], 0
        while part := file.read(STEP):
            parts.append(part)
            size += len(part)
            if size > allowed:
                raise fail(
                    "BM970",
                    f"`{path}` holds more than {count_text(allowed)}B"
                    + (f", packed into {count_text(path.stat().st_size)}B" if packed else ""),
                    help="unpack it first, if it is what you expect"
                    if packed
                    else "a smaller file",
                )
    return b"".join(parts)
