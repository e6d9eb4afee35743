"""Files that no reader sees half of: written beside their place, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def put(path: Path, write: Callable[[Path], object]) -> Path:
    """`write` gets a place beside `path`, of the same suffix; what it leaves there takes the place of `path`. The folder must be there."""
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)  # there only where writing failed
    return path


def put_text(path: Path, text: str) -> Path:
    """A text in UTF-8."""
    return put(path, lambda beside: beside.write_text(text, encoding="utf-8"))
