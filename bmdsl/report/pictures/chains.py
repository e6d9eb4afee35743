"""chains.png: some chains over time, a row each; rows that never change do not mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..plots import tiles
from ..subject import Subject
from .samples import affordable, seen

WORD = Word("chains", summary="chains over time")
CHAINS, FRAMES, MAX_SWEEPS = 8, 12, 500


def draw(subject: Subject, folder: Path) -> list[Path]:
    """E[visible | the rest] of CHAINS chains at FRAMES times, evenly spaced over as many sweeps as
    seconds allow.
    """
    machine, shown = subject.machine, subject.shown
    if shown is None or machine.given:
        return []
    every = max(1, affordable(machine, CHAINS, MAX_SWEEPS) // FRAMES)
    state = (
        {n: machine.program.shaped(n, x[:CHAINS]) for n, x in subject.chains.items()}
        if subject.chains
        else machine.sample(CHAINS, steps=every)
    )
    frames = []
    for _ in range(FRAMES):
        frames.append(
            subject.in_data_units(seen(machine, shown, state)).reshape(
                len(next(iter(state.values()))), -1
            )
        )
        state = machine.sample(len(frames[0]), steps=every, init=state)
    rows = np.stack(frames, axis=1).reshape(-1, frames[0].shape[1])
    title = f"{subject.title}: {len(frames[0])} chains, a row each, every {every} sweeps"
    tiles(
        rows, subject.images[shown], folder / "chains.png", title, diverging=False, columns=FRAMES
    )
    return [folder / "chains.png"]
