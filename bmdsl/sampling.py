"""Samples of a trained run as a file and a picture: what `bm sample` does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data.load import read_file
from .language.diagnostics import fail
from .training.run_folder import RunFolder


@dataclass(frozen=True)
class Drawn:
    """group → [n, *axes], and where they were written."""

    groups: dict[str, np.ndarray]
    path: Path
    picture: Path | None

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: x.shape for name, x in self.groups.items()}


def draw(folder: Path, n: int, steps: int, out: Path | None, clamp: Sequence[str], seed: int | None, fresh: bool = False) -> Drawn:
    """`n` chains after `steps` sweeps into `out` (None: RUN/samples.npz), with a picture beside it where units form an image.

    Chains start from the run's persistent ones where it kept some, unless `fresh`: then, and otherwise, from the biases alone.
    `clamp` holds groups at the cases of files (`v=labels.npy`), which then give the number of chains.
    """
    from .handle import open_run
    from .report.plots import tiles

    run = open_run(folder)
    if seed is not None:
        run.machine.seed = seed
    held = dict(_clamped(text) for text in clamp)
    count = len(next(iter(held.values()))) if held else n
    kept = {} if fresh or not folder.is_dir() else RunFolder(folder, {}).chains()
    start = {n: run.machine.program.shaped(n, x[np.arange(count) % len(x)]) for n, x in kept.items()}
    groups = run.machine.sample(count, steps=steps, clamp=held, init=start)
    path = out if out is not None else folder / "samples.npz"
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **groups)
        os.replace(beside, path)
    except OSError as error:
        raise fail("BM914", f"`{path}` cannot be written: {error.strerror}") from None
    shown = next((name for name in run.machine.visible if name in run.images), None)
    if shown is None:
        return Drawn(groups, path, None)
    picture = path.with_suffix(".png")
    free = run.machine.conditional(shown, **groups) if shown not in held else groups[shown]
    tiles(free, run.images[shown], picture, f"{run.machine.model.name}: {count} samples after {steps:,} sweeps", diverging=False)
    return Drawn(groups, path, picture)


def _clamped(text: str) -> tuple[str, np.ndarray]:
    name, sign, path = text.partition("=")
    if not sign or not path:
        raise fail("BM915", f"`--clamp {text}` is not of the form GROUP=FILE", help="for instance `--clamp y=labels.npy`")
    return name.strip(), read_file(path)
