"""The factor graph as a paper draws it: groups are circles (observed ones shaded, given ones ringed
twice), terms small squares.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..language.model import Group, Model
from .graph_layout import RADIUS, SIDE, Layout, layout, on_curve
from .plots import figure, save

INK, PALE = "#222222", "#dcdcdc"
FONT = "STIXGeneral"
MARGIN = 0.55


def draw_graph(model: Model, path: Path) -> None:
    """Writes the picture; the suffix of `path` is .svg or .png."""
    from matplotlib import rc_context

    place = layout(model)
    points = [
        *place.groups.values(),
        *(s.at for s in place.squares),
        *(on_curve(line, 0.5) for s in place.squares for line in s.lines),
    ]
    left, right = (
        min(p[0] for p in points) - RADIUS - MARGIN,
        max(p[0] for p in points) + RADIUS + MARGIN,
    )
    low, high = min(p[1] for p in points) - RADIUS - 0.3, max(p[1] for p in points) + RADIUS + 0.3
    with rc_context({"svg.hashsalt": "bmdsl", "mathtext.fontset": "stix"}):
        made = figure(right - left, high - low)
        axes = made.add_axes((0, 0, 1, 1))
        axes.set(xlim=(left, right), ylim=(low, high), aspect="equal")
        axes.set_axis_off()
        _terms(axes, place)
        for g in model.groups:
            _group(axes, g, place)
        save(made, path)


def _terms(axes: Any, place: Layout) -> None:
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path as Curve

    for s in place.squares:
        for start, control, end in s.lines:
            curve = Curve([start, control, end], [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])
            axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=INK, lw=1.1, zorder=1))
    for s in place.squares:
        x, y = s.at
        axes.add_patch(
            Rectangle(
                (x - SIDE, y - SIDE), 2 * SIDE, 2 * SIDE, facecolor=INK, edgecolor=INK, zorder=3
            )
        )
        dx, dy = s.outwards
        anchor = "left" if dx > 0.3 else "right" if dx < -0.3 else "center"
        level = "bottom" if dy > 0.3 else "top" if dy < -0.3 else "center_baseline"
        gap = SIDE + 0.08
        axes.text(
            x + dx * gap,
            y + dy * gap,
            formula(s.label),
            ha=anchor,
            va=level,
            fontsize=13,
            family=FONT,
            color=INK,
            zorder=4,
        )


def _group(axes: Any, g: Group, place: Layout) -> None:
    from matplotlib.patches import Circle

    x, y = place.groups[g.name]
    axes.add_patch(
        Circle(
            (x, y),
            RADIUS,
            facecolor="white" if g.role == "hidden" else PALE,
            edgecolor=INK,
            lw=1.3,
            zorder=2,
        )
    )
    if g.role == "given":
        axes.add_patch(
            Circle((x, y), RADIUS - 0.06, facecolor="none", edgecolor=INK, lw=0.8, zorder=2)
        )
    shape = " × ".join(str(n) for n in g.axes) or "1"
    for text, up, size in ((formula(g.name), 0.15, 18), (shape, -0.11, 10), (g.unit, -0.27, 8.5)):
        length = len(g.name) if text.startswith("$") else len(text)
        fitting = min(
            size, 1.7 * RADIUS * 72 / (0.46 * max(1, length))
        )  # a letter is about 0.46 of its size wide
        axes.text(
            x,
            y + up,
            text,
            ha="center",
            va="center",
            fontsize=fitting,
            family=FONT,
            color=INK,
            zorder=4,
        )


def formula(text: str) -> str:
    """Names as mathematics: `W_v_h1` is W with v h1 below; functions stay upright."""

    def name(found: re.Match[str]) -> str:
        base, _, below = found[0].partition("_")
        if not base or text[found.end() :].startswith("("):
            return rf"$\mathrm{{{found[0]}}}$".replace("_", r"\_")
        under = rf"_{{\mathit{{{below.replace('_', ',')}}}}}" if below else ""
        return rf"$\mathit{{{base}}}{under}$"

    return re.sub(r"[^\W\d]\w*", name, text)
