"""Single units and their sparse couplings as a picture: lattices as lattices, other groups on a
ring, colour classes by colour.
"""

from __future__ import annotations

from math import cos, hypot, pi, sin
from pathlib import Path

import networkx as nx

from ..graph.unit_graph import colour_classes
from ..language.diagnostics import fail
from ..language.model import Model
from .plots import figure, save

MOST = 4000
"""Most units that can still be told apart."""
COLOURS = ("#f2f2f2", "#1f4e79", "#c0504d", "#9bbb59", "#8064a2", "#f79646", "#4bacc6", "#7f7f7f")


def draw_units(model: Model, units: nx.Graph, path: Path) -> None:
    """Writes the picture; the suffix of `path` is .svg or .png.

    BmError where there are too many units to see, or none.
    """
    from matplotlib import rc_context
    from matplotlib.collections import LineCollection

    if not len(units):
        raise fail(
            "BM921",
            f"model `{model.name}` has no sparse term to draw units of",
            help="its groups are drawn by `bm graph` as it is",
        )
    if len(units) > MOST:
        raise fail(
            "BM919",
            f"{len(units):,} units are too many for a picture, at most {MOST:,}",
            help="write .graphml or .dot, or make the model smaller",
        )
    at = positions(model, units)
    xs, ys = [p[0] for p in at.values()], [p[1] for p in at.values()]
    width, height = max(xs) - min(xs) + 1.6, max(ys) - min(ys) + 1.9
    scale = min(0.55, 9 / max(width, height))
    with rc_context({"svg.hashsalt": "bmdsl"}):
        made = figure(width * scale, height * scale)
        axes = made.add_axes((0, 0, 1, 1))
        axes.set(
            xlim=(min(xs) - 0.8, max(xs) + 0.8), ylim=(min(ys) - 0.8, max(ys) + 1.1), aspect="equal"
        )
        axes.set_axis_off()
        plain = [(at[a], at[b]) for a, b in units.edges if not _wraps(a, b)]
        stubs = [_stub(at[a], at[b]) for x in units.edges if _wraps(*x) for a, b in (x, x[::-1])]
        for lines, style, shade in ((plain, "-", "#444444"), (stubs, ":", "#777777")):
            axes.add_collection(
                LineCollection(lines, colors=shade, linewidths=1.0, linestyles=style, zorder=1)
            )
        colours = colour_classes(units)
        dots = [at[u] for u in units]
        axes.scatter(
            [p[0] for p in dots],
            [p[1] for p in dots],
            s=(22 * scale) ** 2,
            zorder=2,
            edgecolors="#222222",
            linewidths=0.8,
            c=[COLOURS[colours[u] % len(COLOURS)] for u in units],
        )
        for name in dict.fromkeys(u[0] for u in units):
            own = [at[u] for u in units if u[0] == name]
            axes.text(
                sum(p[0] for p in own) / len(own),
                max(p[1] for p in own) + 0.55,
                name,
                ha="center",
                va="bottom",
                fontsize=10,
                style="italic",
            )
        save(made, path)


def _wraps(a: tuple[str, tuple[int, ...]], b: tuple[str, tuple[int, ...]]) -> bool:
    """A coupling around the edge of a lattice: drawn as two dotted ends, so that the lattice stays
    visible.
    """
    return (
        a[0] == b[0]
        and len(a[1]) == 2
        and max(abs(x - y) for x, y in zip(a[1], b[1], strict=True)) > 2
    )


def _stub(
    a: tuple[float, float], b: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """From a, a short way away from b."""
    dx, dy = a[0] - b[0], a[1] - b[1]
    length = hypot(dx, dy)
    return a, (a[0] + 0.6 * dx / length, a[1] + 0.6 * dy / length)


def positions(
    model: Model, units: nx.Graph
) -> dict[tuple[str, tuple[int, ...]], tuple[float, float]]:
    """Unit → (x, y): groups side by side, two axes as a lattice, one as a ring."""
    out: dict[tuple[str, tuple[int, ...]], tuple[float, float]] = {}
    left = 0.0
    for name in dict.fromkeys(u[0] for u in units):
        own = sorted(u for u in units if u[0] == name)
        axes = tuple(int(n) for n in model.group(name).axes)
        if len(axes) == 2:
            places = [(float(p[1]), float(-p[0])) for _, p in own]
        else:
            radius = max(0.6, len(own) / (2 * pi))
            places = [
                (radius + radius * sin(2 * pi * k / len(own)), radius * cos(2 * pi * k / len(own)))
                for k in range(len(own))
            ]
        shift = left - min(p[0] for p in places)
        out.update({u: (x + shift, y) for u, (x, y) in zip(own, places, strict=True)})
        left = max(x for x, _ in (out[u] for u in own)) + 2.0
    return out
