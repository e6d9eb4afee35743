"""Filters over images: a subscript like `pad(2*x+p-1)` adds a filter's letter, which a parameter
has too, to a site's.
"""

from __future__ import annotations

from collections.abc import Mapping

from .diagnostics import fail
from .model import Group, Letter, Subscript, Term
from .source import Span


def verify_windows(term: Term, groups: Mapping[str, Group]) -> None:
    """BM220 where a filter is larger than its image, BM221 where a site's whole filter lies outside
    of it: a unit of the other group without input.

    Units of one group that reach one another may well reach past the edge.
    """
    if len({u.group for u in term.units}) < 2:
        return
    ranges = {x.name: x for x in term.letters}
    entries = {x for f in term.parameters for s in f.subscripts for x, _ in s.letters}
    for u in term.units:
        for axis, (s, n) in enumerate(zip(u.subscripts, groups[u.group].axes, strict=True)):
            inside = [(ranges[x], c) for x, c in s.letters if x in entries and x in ranges]
            sites = [(ranges[x], c) for x, c in s.letters if x not in entries and x in ranges]
            if (
                not inside
                or not sites
                or not isinstance(n, int)
                or any(not isinstance(x.stop, int) for x, _ in (*inside, *sites))
            ):
                continue
            low, high = _span(inside)
            if high - low >= n:
                names = ", ".join(x.name for x, _ in inside)
                raise fail(
                    "BM220",
                    f"the filter covers {high - low + 1} places along `{names}`, but axis"
                    f" {axis + 1} of `{u.group}` has {n}",
                    u.span,
                    help="a smaller filter, or larger images",
                )
            if s.edge == "pad":
                _verify_reach(s, u.group, n, (low, high), sites, u.span)


def _span(letters: list[tuple[Letter, int]]) -> tuple[int, int]:
    low = high = 0
    for x, c in letters:
        ends = (c * x.start, c * (int(x.stop) - 1))
        low, high = low + min(ends), high + max(ends)
    return low, high


def _verify_reach(
    s: Subscript,
    group: str,
    n: int,
    window: tuple[int, int],
    sites: list[tuple[Letter, int]],
    span: Span | None,
) -> None:
    """The first and the last site see at least one place."""
    first, last = _span(sites)
    for base, up in ((s.constant + first, False), (s.constant + last, True)):
        low, high = base + window[0], base + window[1]
        if high < 0 or low >= n:
            at = ", ".join(
                f"{x.name} = {int(x.stop) - 1 if up == (c > 0) else x.start}" for x, c in sites
            )
            raise fail(
                "BM221",
                f"at {at} the filter lies on places {low}..{high}, but `{group}` has 0..{n - 1}"
                " there: nothing is seen",
                span,
                help="fewer sites, a smaller stride, or a larger image",
            )
