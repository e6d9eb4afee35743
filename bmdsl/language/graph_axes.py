"""How many nodes a graph must have: the axis that both letters of its `for <i,j> in G` subscript on
their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import tree as t
from .model import Group


def nodes_wanted(d: t.ModelDefinition, groups: Mapping[str, Group]) -> dict[str, int]:
    """Graph → the length of the axis that its nodes are the places of, where the text has it as a
    number.
    """
    found: dict[str, int] = {}
    for addend in (a for s in d.statements if isinstance(s, t.EnergyStatement) for a in s.addends):
        for clause in addend.clauses:
            if isinstance(clause, t.EdgeRange):
                for n in _lengths(
                    addend.expression, (clause.first.text, clause.second.text), groups
                ):
                    found.setdefault(clause.graph.text, n)
    return found


def _lengths(e: object, letters: tuple[str, str], groups: Mapping[str, Group]) -> Iterator[int]:
    """Lengths of the axes that one of the letters subscripts on its own."""
    if isinstance(e, t.Ref) and e.name.text in groups and e.subscripts is not None:
        for s, n in zip(e.subscripts, groups[e.name.text].axes, strict=False):
            if (
                isinstance(s, t.Ref)
                and s.subscripts is None
                and s.name.text in letters
                and isinstance(n, int)
            ):
                yield n
    for x in t.children(e):
        yield from _lengths(x, letters, groups)
