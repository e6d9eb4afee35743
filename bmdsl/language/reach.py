"""The least and the greatest value of a subscript, under the conditions on its letters."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

from .letters import holds
from .model import Condition, Graph, Letter, Subscript

MAX_TRIED = 1 << 18
"""Most combinations of letter values that are tried; past it letters count as independent."""

Bounds = tuple[int, int]


def bounds(
    s: Subscript,
    ranges: Mapping[str, Letter],
    conditions: tuple[Condition, ...],
    graphs: Mapping[str, Graph],
) -> Bounds | None:
    """(least, greatest) Σ c·x + constant over all letter values that the conditions allow.

    Exact for `<` and `!=` of few letters and for the two ends of an edge. None if a length is
    open, or if no value is allowed.
    """
    if any(not isinstance(ranges[x].stop, int) for x, _ in s.letters):
        return None
    coefficients = dict(s.letters)
    parts: list[Bounds | None] = []
    for c in conditions:
        graph = graphs.get(c.graph or "") if c.kind == "edge" else None
        if graph is not None and graph.edges is not None and ends_of(c) & set(coefficients):
            weights = coefficients.pop(c.first, 0), coefficients.pop(c.second, 0)
            values = graph.edges @ weights
            parts.append((int(values.min()), int(values.max())) if len(values) else None)
    orders = tuple(
        c
        for c in conditions
        if c.kind != "edge"
        and all(x in ranges and isinstance(ranges[x].stop, int) for x in ends_of(c))
    )
    while coefficients:
        letters = _joined(next(iter(coefficients)), orders)
        inside = {x: c for x, c in coefficients.items() if x in letters}
        parts.append(
            _of_letters(
                inside,
                {x: ranges[x] for x in letters},
                [c for c in orders if ends_of(c) <= letters],
            )
        )
        coefficients = {x: c for x, c in coefficients.items() if x not in letters}
    low = high = s.constant
    for part in parts:
        if part is None:
            return None
        low, high = low + part[0], high + part[1]
    return low, high


def ends_of(c: Condition) -> set[str]:
    """The two letters of a condition."""
    return {c.first, c.second}


def _joined(letter: str, orders: tuple[Condition, ...]) -> set[str]:
    """The letters that conditions join to this one."""
    found, size = {letter}, 0
    while len(found) > size:
        size = len(found)
        found |= {x for c in orders if ends_of(c) & found for x in ends_of(c)}
    return found


def _of_letters(
    coefficients: Mapping[str, int], ranges: Mapping[str, Letter], orders: list[Condition]
) -> Bounds | None:
    """Bounds of Σ c·x over letters that conditions join.

    Under `x < y` and `x != y` the extremes lie where every letter is some range's end, give or
    take the number of letters: a system of differences has its vertices there. Only such values
    are tried.
    """
    free = [(c * ranges[x].start, c * (int(ranges[x].stop) - 1)) for x, c in coefficients.items()]
    interval = sum(min(e) for e in free), sum(max(e) for e in free)
    if not orders:
        return interval
    near = {
        end + d
        for x in ranges.values()
        for end in (x.start, int(x.stop) - 1)
        for d in range(-len(ranges), len(ranges) + 1)
    }
    tried = {
        name: [v for v in sorted(near) if x.start <= v < int(x.stop)] for name, x in ranges.items()
    }
    if prod(map(len, tried.values())) > MAX_TRIED:
        return interval
    totals = []
    for values in product(*tried.values()):
        at = dict(zip(tried, values, strict=True))
        if all(holds(c, at) for c in orders):
            totals.append(sum(c * at[x] for x, c in coefficients.items()))
    return (min(totals), max(totals)) if totals else None
