"""All the pictures that a run can have, into its folder."""

from __future__ import annotations

from pathlib import Path

from ..registry import discover
from .subject import Subject


def write_pictures(subject: Subject, out: Path) -> tuple[Path, ...]:
    """Those that make sense for this machine and these data, in order of their names."""
    return tuple(
        path
        for module in discover("bmdsl.report.pictures").values()
        for path in module.draw(subject, out)
    )
