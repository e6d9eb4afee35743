"""Which groups share a term: a graph of a few names, without a library of graphs, whose import
takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

Pair = tuple[str, str]


class Couples:
    """An undirected graph of groups; a group whose own units share a term is joined to itself."""

    def __init__(self, names: Iterable[str], edges: Iterable[Pair] = ()) -> None:
        self._near: dict[str, dict[str, None]] = {n: {} for n in names}
        for a, b in edges:
            self._near[a][b] = self._near[b][a] = None

    def neighbours(self, name: str) -> tuple[str, ...]:
        """Groups joined to this one, itself included if its own units share a term."""
        return tuple(self._near[name])

    def has_edge(self, a: str, b: str) -> bool:
        """Whether some term joins the two; a = b: units of one group."""
        return b in self._near[a]

    def edges_among(self, names: Collection[str]) -> tuple[Pair, ...]:
        """Pairs of these groups that a term joins, each once."""
        place = {n: k for k, n in enumerate(self._near) if n in names}
        return tuple(
            (a, b) for a in place for b in self._near[a] if b in place and place[a] <= place[b]
        )

    @property
    def edges(self) -> tuple[Pair, ...]:
        """All pairs that a term joins, each once."""
        return self.edges_among(self._near)

    def degree(self, name: str) -> int:
        """Ends of edges at a group: one that is joined to itself has two of that edge."""
        return len(self._near[name]) + (name in self._near[name])

    def colours(self, names: Sequence[str]) -> dict[str, int]:
        """Group → colour, of these in this order, the first that no neighbour has: greedy
        colouring.
        """
        found: dict[str, int] = {}
        for name in names:
            taken = {found[n] for n in self._near[name] if n in found}
            found[name] = next(c for c in range(len(taken) + 1) if c not in taken)
        return found
