"""A schedule for one rank of several: each has its share of the rows, and sums over rows are added
up over ranks.

What is known of every array, from op to op, is one of four things:

- *zero*: nothing was added to it yet;
- *same*: all ranks have the same numbers;
- *own*: rows of this rank, or what only they are counted in;
- *part*: a sum over the rows of this rank; its sum over ranks is what the array stands for.

An op that reads a part gets an op before it that adds it up over ranks. What a kind of op makes of
rows follows from its declaration (`Kind.adds_to`, `counts_once`, `apart`) and from which arrays
have an axis of rows; what does not follow is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .builder import NotScheduled
from .ops import KINDS, Access, Heading, Node, Op, Repeat, Until, walk
from .schedule import Schedule
from .values import Content, Folded, Life, Number, Value, base, is_spread

ZERO, SAME, OWN, PART = range(4)
LEADS = "leads"
"""The scalar argument that is 1 on rank 0 and 0 on others."""
NAMES = {
    "F": ("add_over_ranks", "keep_on_first"),
    "f8": ("add_doubles_over_ranks", "keep_doubles_on_first"),
    "i8": ("add_counts_over_ranks", "keep_counts_on_first"),
}
"""Type of number → the op that adds over ranks, and that which counts what all have alike once."""
ALIASES = {"raw gradient": "gradient", "raw": "parameter"}
"""Sources of values that lie in the memory of another one."""
TURNS = 3
"""How often a loop's body is gone through until what is known at its end is known at its start."""


def over_ranks(schedule: Schedule) -> tuple[Schedule, frozenset[str]]:
    """The schedule with its sums over ranks, and the names of the figures that every rank has its
    own of.

    Raises NotScheduled if an op looks at all rows at once, or draws them from one stream.
    """
    ranks = Value("ranks", Content.CONSTANT, (8,), Life.GIVEN, number="i8", source=("ranks",))
    gradients = Value("gradients", Content.GRADIENT, (-1,), Life.KEPT, source=("gradients",))
    change = _Change(schedule, ranks, gradients)
    known = change.at_start()
    body = change.spread(schedule.body, known)
    body += change.sums(known, [k for k, x in known.items() if x == PART])
    numbers = schedule.numbers + (((LEADS, "f8"),) if change.leads else ())
    used = {base(x).name for op in walk(tuple(body)) for x in _arrays(op)}
    more = tuple(v for v in (ranks, gradients) if v.name in used)
    own = frozenset(
        v.name
        for v in schedule.values
        if v.content is Content.FIGURE and v.per_update and known.get(change.key(v)) == OWN
    )
    made = replace(schedule, body=tuple(body), values=(*schedule.values, *more), numbers=numbers)
    return made, own


def _arrays(op: Op) -> Iterator[Value]:
    for x in op.operands:
        if not isinstance(x, Number):
            yield base(x)


def _has_rows(v: Value) -> bool:
    return any(map(is_spread, v.shape))


@dataclass
class _Change:
    """The change of one schedule."""

    schedule: Schedule
    ranks: Value
    gradients: Value
    leads: bool = False
    """Whether a number counts once."""
    inside: list[str] = field(default_factory=list)
    """Arrays whose numbers say how often loops around go on, and differ between ranks."""

    def key(self, v: Value) -> str:
        """One name for all values that lie in the same memory."""
        kind = v.source[0] if v.source else ""
        if kind == "reshaped":
            return self.key(self.schedule.value(v.source[1]))
        if kind in (*ALIASES, *ALIASES.values()):
            return f"{ALIASES.get(kind, kind)} {v.source[1]}"
        return v.name

    def at_start(self) -> dict[str, int]:
        """What is known when an update begins."""
        known: dict[str, int] = {}
        for v in self.schedule.values:
            begins = ZERO if v.source[:1] == ("gradient",) else OWN if _has_rows(v) else SAME
            if known.get(self.key(v)) != ZERO:
                known[self.key(v)] = begins
        return known

    def spread(self, body: tuple[Node, ...], known: dict[str, int]) -> list[Node]:
        """The ops of a body with those that add up; `known` is what is known after it."""
        out: list[Node] = []
        for node in body:
            if isinstance(node, Heading):
                out.append(node)
            elif isinstance(node, Op):
                out += self._op(node, known)
            else:
                out += self._loop(node, known)
        return out

    def _loop(self, node: Repeat | Until, known: dict[str, int]) -> list[Node]:
        touched = {self.key(v) for op in walk(node.body) for v in _arrays(op)}
        before = self.sums(known, [k for k in touched if known[k] == PART])
        going = isinstance(node, Until) and known[self.key(node.going)] == OWN
        if going:
            self.inside.append(node.variable)
        for _ in range(TURNS):
            start = dict(known)
            body = self.spread(node.body, known)
            body += self.sums(known, [k for k in touched if known[k] == PART])
            known.update({k: max(known[k], x) for k, x in start.items() if known[k] != x})
        if going:
            self.inside.pop()
        return [*before, replace(node, body=tuple(body))]

    def _op(self, op: Op, known: dict[str, int]) -> list[Node]:
        kind = op.kind
        pairs = [
            (name, takes.access, base(x))
            for x, (name, takes) in zip(op.operands, kind.arguments, strict=True)
            if not isinstance(x, Number) and takes.access is not Access.PASSED
        ]
        states = {self.key(v): known[self.key(v)] for _, _, v in pairs}
        rows = any(
            states[self.key(v)] == OWN for _, access, v in pairs if access is not Access.WRITE
        ) or any(_has_rows(v) for _, _, v in pairs)
        reads = [
            self.key(v)
            for name, access, v in pairs
            if access is Access.READ
            or (access is Access.UPDATE and not (rows and name in kind.adds_to))
        ]
        before = self.sums(known, [k for k in dict.fromkeys(reads) if known[k] == PART])
        written = [(n, a, v) for n, a, v in pairs if a in (Access.WRITE, Access.UPDATE)]
        if not rows:
            zero = kind.formula == "{out} = 0"
            known.update({self.key(v): ZERO if zero else SAME for _, _, v in written})
            return [*before, op]
        if kind.draws and kind.first_row is None:
            raise NotScheduled(f"`{kind.name}`, which draws all rows from one stream")
        for name, access, v in written:
            key = self.key(v)
            if _has_rows(v) or name in kind.apart:
                known[key] = OWN
            elif name not in kind.adds_to:
                raise NotScheduled(f"`{kind.name}`, which looks at all rows at once")
            else:
                if access is Access.UPDATE and known[key] == SAME:
                    before.append(self._call(v, 1))
                known[key] = PART
        return [*before, self._counted_once(op)]

    def _counted_once(self, op: Op) -> Op:
        names = [name for name, _ in op.kind.arguments]
        if not op.kind.counts_once:
            return op
        self.leads = True
        operands = tuple(
            Number(f"{x} * {LEADS}") if name in op.kind.counts_once else x
            for name, x in zip(names, op.operands, strict=True)
        )
        return replace(op, operands=operands)

    def sums(self, known: dict[str, int], keys: list[str]) -> list[Node]:
        """Ops that add these parts up over ranks.

        Gradients lie one after another in memory: if one is wanted and all are parts or zero, they
        are added up together, in one message.
        """
        if not keys:
            return []
        if self.inside:
            raise NotScheduled("a sum over ranks in a loop that ends at another time on each")
        values = {self.key(v): v for v in reversed(self.schedule.values)}
        gradients = [k for k, v in values.items() if v.content is Content.GRADIENT and v.source]
        bound = [k for k in gradients if k.startswith("gradient ")]
        out: list[Node] = []
        if any(k in bound for k in keys) and all(known[k] in (PART, ZERO) for k in bound):
            out.append(self._call(self.gradients, 0))
            known.update(dict.fromkeys(bound, SAME))
        for k in keys:
            if known[k] == PART:
                out.append(self._call(values[k], 0))
                known[k] = SAME
        return out

    def _call(self, v: Value, which: int) -> Op:
        flat = v if len(v.shape) == 1 else Folded(v)
        return Op(KINDS[NAMES[v.number][which]], (flat, self.ranks))
