"""Figures of a model against its temperature or an argument, with error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .plots import panels, save_whole


def scan_picture(
    name: str,
    at: Sequence[float],
    curves: Mapping[str, Sequence[tuple[float, float]]],
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: Path,
    title: str,
) -> None:
    """One panel a figure, a point with its standard error for every value of `name`; `lines` go
    between points, which are joined where there are none.
    """
    made, places = panels(len(curves))
    for axes, (label, points) in zip(places, curves.items(), strict=True):
        values, errors = zip(*points, strict=True)
        if label in lines:
            axes.plot(*lines[label], color="#7a9cc0", lw=1.2)
        axes.errorbar(
            at,
            values,
            errors,
            color="#1f4e79",
            lw=0 if label in lines else 1.2,
            marker="o",
            ms=2.5,
            capsize=2,
            elinewidth=1,
        )
        axes.set_title(f"{title}: {label}", fontsize=9, y=1.0)
        axes.set_xlabel(name, fontsize=8)
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.grid(alpha=0.25, lw=0.5)
    save_whole(made, path)
