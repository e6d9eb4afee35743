"""samples.png: what the machine believes in.

The training's own persistent chains where it kept some, else fresh ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ..affordable import affordable
from ..plots import tiles
from ..subject import Subject

if TYPE_CHECKING:
    from ...inference.machine import Machine

WORD = Word("samples", summary="samples of the machine")
SHOWN = 100


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Persistent chains have run for all of the training's updates, where fresh ones have to find
    their way from the biases.
    """
    machine, shown = subject.machine, subject.shown
    if shown is None or machine.given:
        return []
    if subject.chains:
        states = {n: machine.program.shaped(n, x[:SHOWN]) for n, x in subject.chains.items()}
        rows = seen(machine, shown, states)
        title = f"{len(rows)} persistent chains at the end of training"
    else:
        title, rows = fresh(machine, shown)
    tiles(
        subject.in_data_units(rows),
        subject.images[shown],
        folder / "samples.png",
        f"{subject.title}: {title}",
        diverging=False,
    )
    return [folder / "samples.png"]


def seen(machine: Machine, visible: str, states: Mapping[str, np.ndarray]) -> np.ndarray:
    """E[visible | the rest], which shows more than draws; the draws themselves where units have no
    such means.
    """
    return np.asarray(
        machine.conditional(visible, **states) if machine.reconstructs else states[visible]
    )


def fresh(machine: Machine, visible: str) -> tuple[str, np.ndarray]:
    """What they are, and E[visible | the rest] of fresh chains' last states: probabilities, which
    show more than draws.
    """
    steps = affordable(machine, SHOWN)
    states = machine.sample(SHOWN, steps=steps)
    return f"{SHOWN} samples after {steps:,} sweeps", seen(machine, visible, states)
