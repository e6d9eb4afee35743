"""Where the parts of a factor graph's picture stand: hidden above visible in layers, terms on the
lines between groups.

Lengths are inches. A line is a quadratic curve with the term's square at its middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from math import atan2, cos, hypot, pi, sin

import networkx as nx

from ..language.model import Expert, Model, Term

Point = tuple[float, float]

RADIUS, COLUMN, LAYER, STUB, SIDE = 0.5, 2.6, 2.1, 1.0, 0.07
"""Radius of a group, distances between columns and layers, from a group to its own terms' squares,
half a square's side.
"""

DIRECTIONS = (pi, 0.0, -pi / 2, pi / 2, 5 * pi / 4, 3 * pi / 4, -pi / 4, pi / 4)
"""Left, right, down, up, then between: what is tried in turn."""


@dataclass(frozen=True)
class Square:
    """A term: its label, where its square stands, which way from the square the label goes, and its
    lines (curves to groups).
    """

    label: str
    at: Point
    outwards: Point
    lines: tuple[tuple[Point, Point, Point], ...]
    """start, control point and end of a quadratic curve."""


@dataclass(frozen=True)
class Layout:
    """Where everything of a factor graph stands, in inches."""

    groups: dict[str, Point]
    squares: tuple[Square, ...]


def term_groups(term: Term) -> tuple[str, ...]:
    """Names of the groups that a term touches, experts' included, each once, in order."""
    found = [u.group for u in term.units]
    expert: Expert | None = term.expert
    while expert is not None:
        found += [name for addend in expert.addends for name in term_groups(addend)]
        expert = expert.inner
    return tuple(dict.fromkeys(found))


def term_label(term: Term) -> str:
    """Parameter names, or the constant where there are none; an expert with its function."""
    names = [p.parameter + (f"^{p.power}" if p.power != 1 else "") for p in term.parameters]
    expert, inside = term.expert, list[str]()
    while expert is not None:
        inside.append(expert.function)
        names += [p.parameter for addend in expert.addends for p in addend.parameters]
        expert = expert.inner
    text = " ".join(dict.fromkeys(names)) or term.factor_text or f"{abs(term.coefficient):g}"
    return f"{'('.join([*inside, text])}{')' * len(inside)}"


def layout(model: Model) -> Layout:
    """Positions of every group and term."""
    at = _places(model)
    taken: dict[str, list[float]] = {name: [] for name in at}
    touching = [(t, term_groups(t)) for t in model.terms]
    pairs: dict[tuple[str, ...], list[Term]] = {}
    for t, names in touching:
        if len(names) > 1:
            pairs.setdefault(tuple(sorted(names)), []).append(t)
    squares = []
    for names, terms in pairs.items():
        for k, t in enumerate(terms):
            squares.append(_between(t, names, at, k - (len(terms) - 1) / 2, taken))
    for t, names in touching:
        if len(names) == 1 and len(t.units) < 2:
            squares.append(_stub(t, names[0], at, taken))
    for t, names in touching:
        if len(names) == 1 and len(t.units) > 1:
            squares.append(_loop(t, names[0], at, taken))
    return Layout(at, _labelled(squares, at))


def _places(model: Model) -> dict[str, Point]:
    """Layer = distance from the visible groups; inside a layer, groups stand near those they are
    coupled to.
    """
    couples = nx.Graph()
    couples.add_nodes_from(g.name for g in model.groups)
    for t in model.terms:
        couples.add_edges_from(combinations(term_groups(t), 2))
    ground = {g.name for g in model.groups if g.role != "hidden"}
    far = nx.multi_source_dijkstra_path_length(couples, ground) if ground else {}
    depth = {g.name: 0 if g.name in ground else int(far.get(g.name, 1)) for g in model.groups}
    at: dict[str, Point] = {}
    for level in sorted(set(depth.values())):
        names = [n for n in depth if depth[n] == level]

        def centre(n: str) -> float:
            below = [at[m][0] for m in couples.neighbors(n) if m in at]
            return sum(below) / len(below) if below else 0.0

        ordered = sorted(names, key=centre)
        for k, n in enumerate(ordered):
            at[n] = ((k - (len(ordered) - 1) / 2) * COLUMN, level * LAYER)
    return at


def _between(
    t: Term,
    names: tuple[str, ...],
    at: dict[str, Point],
    shift: float,
    taken: dict[str, list[float]],
) -> Square:
    """A term of two groups or more: its square between them, aside by `shift` places where several
    terms join the same groups.
    """
    if len(names) == 2:
        (x, y), (u, v) = sorted(at[n] for n in names)
        length = hypot(u - x, v - y)
        normal = (-(v - y) / length, (u - x) / length)
        over = (
            0.55 if y == v and length > COLUMN + 0.1 else 0.0
        )  # a line inside a layer goes over the groups between
        bulge = shift * 0.8 + over * length / COLUMN
        middle = ((x + u) / 2 + normal[0] * bulge, (y + v) / 2 + normal[1] * bulge)
        control = ((x + u) / 2 + 2 * normal[0] * bulge, (y + v) / 2 + 2 * normal[1] * bulge)
        for n in names:
            taken[n].append(_angle(at[n], control))
        for n in (m for m, spot in at.items() if over and spot[1] == y and x < spot[0] < u):
            taken[n].append(pi / 2)
        side = 1.0 if normal[0] > 0 or (abs(normal[0]) < 1e-9 and normal[1] > 0) else -1.0
        side = side if bulge == 0 else (1.0 if bulge > 0 else -1.0)
        return Square(
            term_label(t),
            middle,
            (side * normal[0], side * normal[1]),
            (((x, y), control, (u, v)),),
        )
    x = sum(at[n][0] for n in names) / len(names) + 0.7 * shift
    y = sum(at[n][1] for n in names) / len(names)
    for n in names:
        taken[n].append(_angle(at[n], (x, y)))
    open_side = _free_angle([_angle((x, y), at[n]) for n in names])
    lines = tuple((at[n], ((at[n][0] + x) / 2, (at[n][1] + y) / 2), (x, y)) for n in names)
    return Square(term_label(t), (x, y), (cos(open_side), sin(open_side)), lines)


def _stub(t: Term, name: str, at: dict[str, Point], taken: dict[str, list[float]]) -> Square:
    """A term of one unit: a square beside its group."""
    angle = _free_angle(taken[name])
    taken[name].append(angle)
    towards = (cos(angle), sin(angle))
    x, y = at[name]
    place = (x + STUB * towards[0], y + STUB * towards[1])
    return Square(
        term_label(t), place, towards, (((x, y), ((x + place[0]) / 2, (y + place[1]) / 2), place),)
    )


def _loop(t: Term, name: str, at: dict[str, Point], taken: dict[str, list[float]]) -> Square:
    """A term between units of one group: a square at the far end of a loop."""
    angle = _free_angle(taken[name])
    taken[name].append(angle)
    x, y = at[name]
    place = (x + 1.1 * STUB * cos(angle), y + 1.1 * STUB * sin(angle))
    lines = []
    for turn in (-0.75, 0.75):
        control = (x + 1.25 * STUB * cos(angle + turn), y + 1.25 * STUB * sin(angle + turn))
        start = (x + 0.9 * RADIUS * cos(angle + turn), y + 0.9 * RADIUS * sin(angle + turn))
        lines.append((start, control, place))
    return Square(term_label(t), place, (cos(angle), sin(angle)), tuple(lines))


def on_curve(line: tuple[Point, Point, Point], t: float) -> Point:
    """The point of a quadratic curve at 0 ≤ t ≤ 1."""
    weights = ((1 - t) ** 2, 2 * t * (1 - t), t * t)
    return sum(w * p[0] for w, p in zip(weights, line, strict=True)), sum(
        w * p[1] for w, p in zip(weights, line, strict=True)
    )


def _labelled(squares: list[Square], groups: dict[str, Point]) -> tuple[Square, ...]:
    """The squares with their labels on the side that is clear of lines, groups and other labels; as
    they were where that is clear.
    """
    lines = [on_curve(line, k / 24) for s in squares for line in s.lines for k in range(25)]
    placed: list[Point] = [s.at for s in squares]
    out = []
    for s in squares:

        def clear(side: Point, s: Square = s) -> float:
            x, y = s.at[0] + 0.3 * side[0], s.at[1] + 0.3 * side[1]
            rings = [hypot(x - u, y - v) - RADIUS for u, v in groups.values()]
            return min([hypot(x - u, y - v) for u, v in (*lines, *placed)] + rings + [0.27])

        best = max(
            (s.outwards, *((cos(a), sin(a)) for a in DIRECTIONS)), key=clear
        )  # the first of equals
        placed.append((s.at[0] + 0.3 * best[0], s.at[1] + 0.3 * best[1]))
        out.append(replace(s, outwards=best))
    return tuple(out)


def _angle(a: Point, b: Point) -> float:
    return atan2(b[1] - a[1], b[0] - a[0])


def _free_angle(taken: Iterable[float]) -> float:
    """Of eight directions the one farthest from those taken; left, then right, then down and up
    where several are as good.
    """
    used = list(taken)

    def room(angle: float) -> float:
        return min((abs((angle - u + pi) % (2 * pi) - pi) for u in used), default=pi)

    best = max(min(room(a), pi / 2) for a in DIRECTIONS)
    return next(a for a in DIRECTIONS if min(room(a), pi / 2) > best - 1e-6)
