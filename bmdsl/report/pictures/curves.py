"""curves.png: every figure of the training against the epoch, and usage_z.png, how often a
mixture's components were taken.
"""

from __future__ import annotations

from pathlib import Path

from ...files import file_names
from ...language.vocabulary import Word
from ..plots import curves, usage
from ..subject import Subject

WORD = Word("curves", summary="training curves")


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Nothing where no epoch was finished."""
    if not subject.metrics:
        return []
    made = [folder / "curves.png"]
    curves(subject.metrics, made[0])
    files = file_names(
        n.removeprefix("usage_") for n in subject.metrics[-1] if n.startswith("usage_")
    )
    for unit, file in files.items():
        made.append(folder / f"usage_{file}.png")
        usage(subject.metrics, unit, made[-1])
    return made
