"""The pass that has a parameter laid out once for all products that read it as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple

from .laid_ops import LAID, layout_shape
from .ops import KINDS, Access, Node, Op, Repeat, Until, walk
from .values import Array, Content, Life, Number, Part, Value, View

Body = tuple[Node, ...]
LEAST = 1 << 14
"""Entries of a parameter from which on tiles multiply by it, with a minibatch of usual size."""
MOST = 1 << 20
"""Entries up to which digits stay in a cache; writing them anew costs less than reading more."""
NARROWEST = 16
"""The fewest rows and columns for that."""


class Use(NamedTuple):
    """A parameter and which of its lines products sum along."""

    W: Value
    lines: str

    @property
    def layout(self) -> Value:
        """The array that has it in digits."""
        n, m = (int(x) for x in self.W.shape)
        shape = layout_shape(*((m, n) if self.lines == "columns" else (n, m)))
        name = f"{self.lines}_{self.W.name}"
        return Value(name, Content.LAYOUT, shape, Life.SCRATCH, "i4", source=("layout", name))


def lay_out(body: Body) -> Body:
    """Puts what lays a parameter out before the first of several products that read it, between one
    of its steps and the next.
    """
    nodes, before = list(body), dict[int, list[Node]]()
    for use in dict.fromkeys(found for op in walk(body) if (found := _use(op)) is not None):
        for places in _runs(nodes, use):
            loops = [k for k in places if not isinstance(nodes[k], Op)]
            if len(places) + len(loops) > 1:
                eta = next(_etas((nodes[(loops or places)[0]],), use))
                lay = Op(KINDS[f"lay_{use.lines}"], (use.W, eta, use.layout))
                before.setdefault(places[0], []).append(lay)
                for k in places:
                    nodes[k] = _with_layout(nodes[k], use)
    out: list[Node] = []
    for k, node in enumerate(nodes):
        if isinstance(node, Repeat | Until):
            node = replace(node, body=lay_out(node.body))
        out += [*before.get(k, []), node]
    return tuple(out)


def _use(op: Op) -> Use | None:
    """What a product reads, if it may be laid out."""
    if op.kind.name + LAID not in KINDS:
        return None
    names = [n for n, _ in op.kind.arguments]
    W = op.operands[names.index("W")]
    if not isinstance(W, Value) or W.content not in (Content.PARAMETER, Content.MATRIX):
        return None
    lengths = [n for n in W.shape if isinstance(n, int)]
    if len(lengths) < 2 or min(lengths) < NARROWEST or not LEAST <= prod(lengths) <= MOST:
        return None
    return Use(W, "columns" if "forward" in op.kind.name else "rows")


def _runs(nodes: Sequence[Node], use: Use) -> Iterator[list[int]]:
    """Places of nodes that read a parameter while nothing changes it, run after run."""
    places: list[int] = []
    for k, node in enumerate(nodes):
        changes = any(
            v.name == use.W.name
            for op in walk((node,))
            for v in op.used(Access.WRITE, Access.UPDATE)
        )
        if any(_etas((node,), use)) and (isinstance(node, Op) or not changes):
            places.append(k)
        if changes and places:
            yield places
            places = []
    if places:
        yield places


def _etas(nodes: tuple[Node, ...], use: Use) -> Iterator[Array]:
    """The fields that products with these lines add to, all rows of them."""
    for op in walk(nodes):
        if _use(op) == use:
            eta = op.operands[-1]
            assert not isinstance(eta, Number)
            if isinstance(eta, Part):
                eta = eta.value if eta.index is None else View(eta.value, eta.index)
            yield eta


def _with_layout(node: Node, use: Use) -> Node:
    if isinstance(node, Repeat | Until):
        return replace(node, body=tuple(_with_layout(x, use) for x in node.body))
    if not isinstance(node, Op) or _use(node) != use:
        return node
    kind = KINDS[node.kind.name + LAID]
    place = [n for n, _ in kind.arguments].index("laid")
    operands = (*node.operands[:place], use.layout, *node.operands[place:])
    return replace(node, kind=kind, operands=operands)
