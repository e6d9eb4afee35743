"""Observables of several numbers, such as a correlation by distance, as curves with error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..inference.chain_statistics import Summary
from .plots import panels, save_whole


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
    figure, places = panels(len(made))
    for axes, (name, points) in zip(places, made.items(), strict=True):
        at = [k for k, _ in points]
        means, errors = zip(*((x.mean, x.error) for _, x in points), strict=True)
        axes.errorbar(at, means, errors, color="#1f4e79", lw=1.2, marker="o", ms=2.5, capsize=2)
        axes.axhline(0, color="0.7", lw=0.6)
        axes.set_title(f"{title}: {name}", fontsize=9, y=1.0)
        axes.grid(alpha=0.25, lw=0.5)
    save_whole(figure, path)
    return True
