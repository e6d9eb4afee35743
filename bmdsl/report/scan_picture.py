"""Figures of a model against its temperature or an argument, with error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .colours import PALE_BLUE
from .panels import panels


def scan_picture(
    name: str,
    at: Sequence[float],
    curves: Mapping[str, Sequence[tuple[float, float]]],
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: Path,
    title: str,
) -> None:
    """One panel a figure, the first a large one, a point with its standard error for every value of
    `name`; `lines` go between points, which are joined where there are none.
    """
    canvas, places = panels(len(curves), large=True)
    for panel, (label, points) in zip(places, curves.items(), strict=True):
        known = [(float(x), float(y), float(e)) for x, (y, e) in zip(at, points, strict=True)]
        line = list(zip(*lines[label], strict=True)) if label in lines else []
        ends = [y + side * e for _, y, e in known for side in (-1, 1)]
        panel.span([*at, *(x for x, _ in line)], [*ends, *(y for _, y in line)])
        panel.axes(f"{title}: {label}", name)
        panel.curve(line, PALE_BLUE, 1.2)
        panel.errors(known)
        panel.curve([(x, y) for x, y, _ in known], width=0 if line else 1.2, dots=3.5)
    canvas.save(path)
