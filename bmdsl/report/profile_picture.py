"""Observables of several numbers, such as a correlation by distance, as curves with error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..inference.chain_statistics import Summary
from .colours import GREY
from .panels import panels


def families(found: Sequence[Summary]) -> Mapping[str, list[tuple[int, Summary]]]:
    """Of the summaries called `name[k]`, those of each name with their k."""
    out: dict[str, list[tuple[int, Summary]]] = {}
    for x in found:
        name, bracket, rest = x.name.partition("[")
        number, _, tail = rest.partition("]")
        if bracket and number.isdigit():
            out.setdefault(name + tail, []).append((int(number), x))
    return out


def profile_picture(found: Sequence[Summary], path: Path, title: str) -> bool:
    """A panel a family, its means with standard errors; whether there was any."""
    made = families(found)
    if not made:
        return False
    canvas, places = panels(len(made))
    for panel, (name, points) in zip(places, made.items(), strict=True):
        known = [(float(k), float(x.mean), float(x.error)) for k, x in points]
        ends = [y + side * e for _, y, e in known for side in (-1, 1)]
        panel.span([x for x, _, _ in known], [*ends, 0.0])
        panel.axes(f"{title}: {name}", whole="x")
        panel.curve([(panel.x[0], 0.0), (panel.x[1], 0.0)], GREY, 0.6)
        panel.errors(known)
        panel.curve([(x, y) for x, y, _ in known], width=1.2, dots=3.5)
    canvas.save(path)
    return True
