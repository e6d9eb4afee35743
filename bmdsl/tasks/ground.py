"""The state of least energy that annealing finds: what `bm ground` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..inference.annealing import MAX_SWEEPS
from ..training.progress import progress_line
from .given import verify_given
from .sample import Subject, clamps, write_groups

if TYPE_CHECKING:
    from ..inference.annealing import Ground


def ground(
    s: Subject,
    n: int,
    sweeps: int | None,
    betas: tuple[float, float] | None,
    schedule: str,
    clamp: Sequence[str],
    out: Path | None,
    progress: bool | None = None,
    replicas: int = 1,
) -> tuple[Ground, Path, Path | None]:
    """The best state that annealing, or tempering of `replicas`, finds, its file, and its picture
    where units form an image.
    """
    held = clamps(s.machine, clamp)
    verify_given(s.machine, held, "--clamp")
    count = len(next(iter(held.values()))) if held else n
    most = MAX_SWEEPS if sweeps is None else sweeps
    with progress_line(most, progress) as show:
        found = s.machine.anneal(
            count, sweeps, betas, schedule, held, lambda sweep: show(min(sweep, most), {}), replicas
        )
    groups = {name: x[None] for name, x in found.state.items()}
    written = write_groups(
        s, groups, out or s.folder / "ground.npz", {}, f"energy {found.energy:.8g}", states=True
    )
    return found, written.path, written.picture
