"""A routine of chains that are some of many: its draws are keyed by their numbers among all."""

from __future__ import annotations

from dataclasses import replace

from .builder import NotScheduled
from .ops import Node, Op, Repeat, Until
from .schedule import Composition
from .values import Number

FIRST = "first_chain"
"""The argument that is the number of a routine's first row among all chains."""


def with_first_row(made: Composition) -> Composition:
    """The same routine with the argument FIRST.

    Raises NotScheduled if an op draws all its rows from one stream.
    """
    schedule = made.schedule
    body = tuple(map(_numbered, schedule.body))
    numbers = (*schedule.numbers, (FIRST, "i8"))
    return replace(made, schedule=replace(schedule, body=body, numbers=numbers))


def _numbered(node: Node) -> Node:
    if isinstance(node, Repeat | Until):
        return replace(node, body=tuple(map(_numbered, node.body)))
    if not isinstance(node, Op):
        return node
    names = [name for name, _ in node.kind.arguments]
    if not node.kind.draws:
        return node
    if node.kind.first_row is None:
        raise NotScheduled(f"`{node.kind.name}`, which draws all rows from one stream")
    operands = tuple(
        Number(FIRST) if name == node.kind.first_row else x
        for name, x in zip(names, node.operands, strict=True)
    )
    return replace(node, operands=operands)
