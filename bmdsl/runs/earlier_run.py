"""A run's folder that a new run is to have: refused while it holds another one, emptied of it
before the new one begins.
"""

from __future__ import annotations

from pathlib import Path

from ..files import remove_leftovers
from ..language.diagnostics import fail
from ..registry import discover
from . import checkpoints
from .inner_folders import layers_in, verify_own
from .lock import LOCK
from .run_folder import MARKS, METRICS, PRETRAINING, STACK, TEXT, inner_folders

MADE_LATER = (
    "report.html",
    "samples.npz",
    "samples.csv",
    "ground.npz",
    "imputed.npy",
    "denoised.npy",
    "features.npy",
)
"""What the commands that use a run write into its folder, if not told where."""
DRAWN_LATER = ("usage", "rank")


def holds_run(folder: Path) -> bool:
    """Whether a folder holds a run, or a stack of them; a run that kept nothing yet is none."""
    lines = folder / METRICS
    if lines.exists() and lines.stat().st_size:
        return True
    return checkpoints.are_in(folder) or any(
        (folder / name).is_file() for name in MARKS if name != METRICS
    )


def verify_vacant(folder: Path, overwrite: bool) -> None:
    """BmError BM796 if a folder holds a run that is not to be overwritten."""
    if not overwrite and holds_run(folder):
        ways = f"another folder, `bm resume {folder}` to go on with that run, or `--overwrite`"
        raise fail(
            "BM796",
            f"`{folder}` holds a run already",
            help=f"{ways} (`overwrite=True` from Python)",
        )


def clear(folder: Path) -> None:
    """Removes a run's files and what was made of it, its layers' too; other files and
    folders stay.
    """
    verify_own(folder, inner_folders(folder))
    for name in layers_in(folder / STACK):
        if holds_run(folder / name):
            clear(folder / name)
            _remove_if_empty(folder / name)
    clear_pretraining(folder)
    for place in (folder, folder / checkpoints.FOLDER):
        remove_leftovers(place)
    checkpoints.clear(folder)
    pictures = (*discover("bmdsl.report.pictures"), *DRAWN_LATER)
    patterns = [p for name in pictures for p in (f"{name}.png", f"{name}_*.png")]
    for pattern in (
        TEXT,
        *MADE_LATER,
        *patterns,
        *MARKS,
    ):  # the marks last: a stop on the way leaves a run
        for path in folder.glob(pattern):
            if path.is_file():
                path.unlink()


def clear_pretraining(folder: Path) -> None:
    """Removes the runs that started a run's parameters."""
    within = folder / PRETRAINING
    if not within.is_dir():
        return
    for layer in sorted(within.iterdir()):
        if layer.is_dir():
            clear(layer)
            _remove_if_empty(layer)
    _remove_if_empty(within)


def _remove_if_empty(folder: Path) -> None:
    (folder / LOCK).unlink(missing_ok=True)  # of a dead process: who clears holds the whole folder
    if not any(folder.iterdir()):
        folder.rmdir()
