"""filters.png, and one more for every higher layer: what hidden units stand for; of a convolution,
its filters.
"""

from __future__ import annotations

from pathlib import Path

from ...files import file_names
from ...language.vocabulary import Word
from ..layer_filters import component_filters, largest, layer_filters, shared_filters
from ..plots import tiles
from ..subject import Subject

WORD = Word("filters", summary="weights of the hidden units, layer by layer")
SHOWN = 100


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Units of the largest norms first; none where visible units form no image."""
    machine, shown = subject.machine, subject.shown
    if shown is None:
        return []
    made: list[Path] = []
    layers = layer_filters(machine, shown)
    files = file_names(layers)
    for name, rows in layers.items():
        one = name in machine.hidden and machine.program.plan.is_one_unit(name)
        kept = rows[:SHOWN] if one else largest(rows, SHOWN)
        first = not made
        made.append(folder / ("filters.png" if first else f"filters_{files[name]}.png"))
        what = (
            f"weights of {len(kept)} units of {name}"
            if first
            else f"{len(kept)} units of {name}, combined from the layer below"
        )
        tiles(
            kept,
            subject.images[shown],
            made[-1],
            f"{subject.title}: {what}, {'in order' if one else 'the largest first'}",
            diverging=True,
        )
    components = None if made else component_filters(machine, shown, SHOWN)
    if components is not None:
        made.append(folder / "filters.png")
        tiles(
            components[1],
            subject.images[shown],
            made[-1],
            f"{subject.title}: weights of {components[0]}, component after component",
            diverging=True,
        )
    shared = None if made else shared_filters(machine, shown)
    if shared is not None:
        name, rows, shape = shared
        made.append(folder / "filters.png")
        tiles(
            rows[:SHOWN],
            shape,
            made[-1],
            f"{subject.title}: filters of {name}, the same at every place",
            diverging=True,
        )
    return made
