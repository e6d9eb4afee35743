"""Passes: changes of a schedule that leave what it means as it is and make it quicker, in order.

Each is a value; the verifier looks at what it made. Left out of the list, it is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from .laying import lay_out
from .ops import KINDS, Access, Node, Op, Repeat, Until, walk
from .schedule import Schedule
from .values import Array, Content, Life, Number, Value, base

Body = tuple[Node, ...]


@dataclass(frozen=True)
class Pass:
    """A change of a schedule's body, by name."""

    name: str
    change: Callable[[Body], Body]

    def __call__(self, schedule: Schedule) -> Schedule:
        """The schedule after the change, with the arrays that it brings and without those that
        nothing uses any longer.
        """
        body = self.change(schedule.body)
        used, before = _values(body), _values(schedule.body)
        values = tuple(v for v in schedule.values if v.name in used or v.name not in before)
        known = {v.name for v in values}
        new = tuple(v for name, v in used.items() if name not in known)
        return replace(schedule, body=body, values=values + new)


def _values(body: Body) -> dict[str, Value]:
    found = (base(x) for op in walk(body) for x in op.operands if not isinstance(x, Number))
    return {v.name: v for v in found}


def drop_dead(body: Body) -> Body:
    """Leaves out ops all of whose results are written over before they are read."""
    out: list[Node] = []
    written_over: dict[str, bool] = {}
    for node in reversed(body):
        if isinstance(node, Repeat | Until):
            out.append(replace(node, body=drop_dead(node.body)))
            written_over |= {base(x).name: False for op in walk((node,)) for x, _ in _arrays(op)}
        elif not isinstance(node, Op):
            out.append(node)
        else:
            if not _is_dead(node, written_over):
                out.append(node)
            uses = _arrays(node)
            names = {base(x).name for x, _ in uses}
            partly = {base(x).name for x, how in uses if not _is_whole(x, how)}
            written_over |= {name: name not in partly for name in names}
    return tuple(reversed(out))


def drop_unread(body: Body) -> Body:
    """Leaves out ops that make couplings and biases which nothing reads: those in an order that
    other draws than a routine's need, those of units that are given.
    """
    while True:
        read = {
            base(x).name
            for op in walk(body)
            for x, access in _arrays(op)
            if access in (Access.READ, Access.UPDATE)
        }
        kept = _kept(body, read | set(_counted(body)))
        if kept == body:
            return body
        body = kept


def _kept(body: Body, read: set[str]) -> Body:
    out: list[Node] = []
    for node in body:
        if isinstance(node, Repeat | Until):
            out.append(replace(node, body=_kept(node.body, read)))
        elif not isinstance(node, Op) or not _is_unread(node, read):
            out.append(node)
    return tuple(out)


def _is_unread(op: Op, read: set[str]) -> bool:
    written = [(x, access) for x, access in _arrays(op) if access is not Access.READ]
    return bool(written) and all(
        _is_whole(x, access)
        and base(x).content in (Content.MATRIX, Content.BIAS)
        and base(x).life is Life.SCRATCH
        and base(x).name not in read
        for x, access in written
    )


def _counted(body: Body) -> Iterator[str]:
    """The arrays that say how long loops go on."""
    for node in body:
        if isinstance(node, Repeat | Until):
            yield from _counted(node.body)
        if isinstance(node, Until):
            yield node.going.name


def _is_dead(op: Op, written_over: Mapping[str, bool]) -> bool:
    """Whether all that an op writes is scratch that the next op to use it writes over as
    a whole.
    """
    arrays = _arrays(op)
    written = [x for x, access in arrays if access is not Access.READ]
    plain = all(access is not Access.UPDATE for _, access in arrays)
    whole = all(isinstance(x, Value) and x.life is Life.SCRATCH for x in written)
    found = all(written_over.get(base(x).name, False) for x in written)
    return bool(written) and plain and whole and found


def _is_whole(x: Array, access: Access) -> bool:
    """Whether every number of an array is written, and none is read."""
    return isinstance(x, Value) and access is Access.WRITE


def _arrays(op: Op) -> list[tuple[Array, Access]]:
    pairs = zip(op.operands, op.kind.arguments, strict=True)
    return [(x, takes.access) for x, (_, takes) in pairs if not isinstance(x, Number)]


def join_bias(body: Body) -> Body:
    """A bias, or a field that stays, and the first product that is added to it, in one op: the
    field is written once.
    """
    out: list[Node] = []
    for node in body:
        if isinstance(node, Repeat | Until):
            node = replace(node, body=join_bias(node.body))
        before = out[-1] if out else None
        joined = _joined(before, node) if isinstance(before, Op) and isinstance(node, Op) else None
        if joined is not None:
            out[-1] = joined
        else:
            out.append(node)
    return tuple(out)


def _joined(first: Op, second: Op) -> Op | None:
    name = second.kind.name.replace("add_", "set_", 1)
    if (
        first.kind.name not in ("set_rows", "copy")
        or not second.kind.name.startswith("add_")
        or name not in KINDS
    ):
        return None
    if str(first.operands[1]) != str(second.operands[-1]):
        return None
    kind = KINDS[name]
    if [n for n, _ in kind.arguments] != ["b", *(n for n, _ in second.kind.arguments)]:
        return None
    return Op(kind, (first.operands[0], *second.operands))


PASSES = (
    Pass("drop dead ops", drop_dead),
    Pass("drop couplings that nobody reads", drop_unread),
    Pass("bias in the product's op", join_bias),
    Pass("parameters laid out once", lay_out),
)
"""All passes, in order."""
