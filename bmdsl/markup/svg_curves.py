"""Curves as SVG: small panels with a title, units, and numbers at the axes, as sharp at any size,
in the page's own colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, isfinite, log10

from .fragments import escape

Points = Sequence[tuple[float, float]]
COLOURS = ("#3d7fc1", "#d9752b", "#3a9a5b", "#b04a9c", "#8a7a1f", "#5a6bd8", "#c04545", "#2a9d9d")
"""Light enough for a dark page, dark enough for a light one."""
WIDTH, HEIGHT = 260, 165
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 26, 32
"""Of a panel, in the units of its drawing, and what numbers and title take of it."""
MAX_POINTS = 400
"""A curve of more points is thinned: no screen shows them."""


@dataclass(frozen=True)
class Panel:
    """Curves of one figure, on one scale: `curves`: label → points (x, y), x ascending."""

    title: str
    curves: Mapping[str, Points]
    x_label: str = "epoch"
    unit: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """At most so many round numbers from `low` to `high`, evenly spaced."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough * 0.999)
    first = -floor(-low / step + 1e-9)
    found = []
    for k in range(first, first + most + 2):
        if k * step <= high + 1e-9 * step:
            found.append(k * step)
    return found


def labels(places: Sequence[float]) -> list[str]:
    """Numbers of ticks in few letters, no two alike."""
    largest = max(map(abs, places), default=0.0)
    step = min((b - a for a, b in pairwise(places)), default=largest) or 1.0
    if largest >= 1e5 or 0 < largest < 1e-3:
        digits = max(0, floor(log10(largest or 1.0)) - floor(log10(step) + 1e-9))
        made = [f"{x:.{digits}e}".replace("e+0", "e").replace("e-0", "e-") for x in places]
    else:
        digits = max(0, -floor(log10(step) + 1e-9))
        digits += f"{step * 10**digits:.6g}".endswith(".5")
        made = [f"{x:,.{digits}f}" for x in places]
    return [x.replace("-", "−") for x in made]


def thinned(points: Points) -> list[tuple[float, float]]:
    """Finite points, at most MAX_POINTS of them, the last one among them."""
    kept = [(float(x), float(y)) for x, y in points if isfinite(x) and isfinite(y)]
    every = -(-len(kept) // MAX_POINTS)
    return kept if every <= 1 else [*kept[:-1:every], kept[-1]]


def panel(p: Panel) -> str:
    """One panel as an `<svg>`; empty where it has no finite point."""
    curves = {label: thinned(points) for label, points in p.curves.items()}
    every = [point for points in curves.values() for point in points]
    if not every:
        return ""
    x_low, x_high = min(x for x, _ in every), max(x for x, _ in every)
    y_low, y_high = min(y for _, y in every), max(y for _, y in every)
    if y_low == y_high:
        y_low, y_high = y_low - (abs(y_low) or 1) * 0.5, y_high + (abs(y_high) or 1) * 0.5
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(x: float) -> float:
        return LEFT + (wide * (x - x_low) / (x_high - x_low) if x_high > x_low else wide / 2)

    def down(y: float) -> float:
        return TOP + tall * (y_high - y) / (y_high - y_low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' style="width:{WIDTH}px;max-width:100%;height:auto" role="img"'
        f' aria-label="{escape(p.title)}" font-family="system-ui,sans-serif" font-size="10"'
        ' fill="currentColor">',
        f'<text x="{LEFT}" y="14" font-size="12" font-weight="600">{escape(p.title)}'
        + (f'<tspan font-weight="400" opacity=".7"> in {escape(p.unit)}</tspan>' if p.unit else "")
        + "</text>",
    ]
    at = ticks(y_low, y_high)
    for y, text in zip(at, labels(at), strict=True):
        out.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(y):.1f}" y2="{down(y):.1f}"'
            ' stroke="currentColor" stroke-opacity=".15"/>'
            f'<text x="{LEFT - 5}" y="{down(y) + 3.5:.1f}" text-anchor="end">{text}</text>'
        )
    whole = all(x == int(x) for x, _ in every)
    at = [x for x in ticks(x_low, x_high) if x == int(x) or not whole]
    for x, text in zip(at, labels(at), strict=True):
        anchor = "end" if across(x) > WIDTH - 2 * RIGHT else "middle"
        out.append(
            f'<text x="{across(x) + (RIGHT - 2) * (anchor == "end"):.1f}"'
            f' y="{HEIGHT - BOTTOM + 13}" text-anchor="{anchor}">{text}</text>'
        )
    out.append(
        f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 5}" text-anchor="middle" opacity=".7">'
        f"{escape(p.x_label)}</text>"
    )
    for k, (label, points) in enumerate(curves.items()):
        colour = p.colours.get(label, COLOURS[k % len(COLOURS)])
        line = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        out.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"'
            f' stroke-linejoin="round"><title>{escape(label)}</title></polyline>'
        )
        if len(points) < 30:
            out += [
                f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="1.8" fill="{colour}"/>'
                for x, y in points
            ]
    return "".join([*out, "</svg>"])


def legend(labels: Sequence[str], colours: Mapping[str, str]) -> str:
    """Which colour is which curve."""
    parts = [
        f'<span style="margin-right:1rem"><span style="color:{colours[x]}">&#9632;</span>'
        f" {escape(x)}</span>"
        for x in labels
    ]
    return f'<div style="font-size:90%">{"".join(parts)}</div>'


def panels(drawn: Sequence[Panel]) -> str:
    """Panels side by side, as many as there is room for."""
    made = [svg for p in drawn if (svg := panel(p))]
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px 14px">{"".join(made)}</div>'
