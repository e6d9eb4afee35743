"""What lies in a folder of data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm"}
)


def images_in(folder: Path) -> Iterator[Path]:
    """The images of a folder and of the folders in it."""
    return (p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
