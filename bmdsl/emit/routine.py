"""A schedule printed as one Python function, a formula beside every call."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from ..schedule.ops import Heading, Node, Op, Repeat, Until
from ..schedule.schedule import Schedule
from ..schedule.values import BATCH, Value, is_of_batch

WIDTH = 100
EACH, EVEN = "each", ("even weights",)
"""The argument 1 / cases of a minibatch, and what the array is bound to that holds it for every
case.
"""
RANKS = ("ranks",)
"""What the array is bound to by which a schedule of one rank of several adds up over them."""
Origin = Callable[[Heading | Op, Sequence[Heading]], str]
"""What is printed and the headings above it → where it comes from."""
NOTE = 64
"""The column at which formulas stand if the calls leave room for it."""


def emit_routine(schedule: Schedule, ragged: bool = False, origin: Origin | None = None) -> str:
    """The function's source. `origin` says where a heading or an op comes from, which is put behind
    its text.

    Its arguments are `first`, `last`, the schedule's numbers and its arrays, in order.

    Arrays that have an entry for every update are called `<name>_of` and indexed by t. With
    `ragged`, minibatches differ in size: update t has the cases starts[t], ..., starts[t + 1] - 1
    of all that are given, and the first rows of the arrays for a minibatch, called `<name>_all`.
    """
    updates = [] if schedule.once else ["first", "last"]
    arguments = [*updates, *number_names(schedule, ragged), *argument_names(schedule, ragged)]
    head = textwrap.fill(", ".join(arguments), WIDTH - 4, break_long_words=False)
    span = "" if schedule.once else ", for update = first, ..., last - 1"
    doc = textwrap.fill(f"{schedule.summary}{span}.", WIDTH - 7)
    lines = [f"{name} = {number}" for name, number in schedule.streams]
    lines = ["# random streams", *lines, "", ""] if lines else []
    lines += [f"def {schedule.name}(", *textwrap.indent(head, "    ").splitlines(), "):"]
    lines += textwrap.indent(f'"""{doc}' + ('\n"""' if "\n" in doc else '"""'), "    ").splitlines()
    told = origin or (lambda node, above: "")
    if schedule.once:
        return "\n".join([*lines, *_body(schedule.body, 1, told, [])]) + "\n"
    lines += ["    for t in range(last - first):", "        update = first + t"]
    lines += [f"        {line}" for line in _views(schedule, ragged)]
    lines += _body(schedule.body, 2, told, [])
    return "\n".join(lines) + "\n"


def number_names(schedule: Schedule, ragged: bool = False) -> list[str]:
    """The names of the scalar arguments, in order."""
    return [n for n, kind in schedule.numbers if not (ragged and (n, kind) == (EACH, "F"))]


def argument_names(schedule: Schedule, ragged: bool = False) -> list[str]:
    """The names of the array arguments, in order."""
    names = [_argument(v, ragged) for v in schedule.values]
    return ["starts", *names] if ragged else names


def is_cut(v: Value) -> bool:
    """Whether an array has as many rows as a minibatch has cases, so that a smaller one uses a part
    of it.
    """
    return any(map(is_of_batch, v.shape)) and not v.per_update


def _argument(v: Value, ragged: bool) -> str:
    if v.per_update:
        return f"{v.name}_of"
    return f"{v.name}_all" if ragged and is_cut(v) else v.name


def _views(schedule: Schedule, ragged: bool) -> list[str]:
    """Lines that name the arrays of one update."""
    lines = ["start, cases = starts[t], starts[t + 1] - starts[t]"] if ragged else []
    several = any(v.source == RANKS for v in schedule.values)
    lines += [f"{EACH} = 1.0 / cases"] if ragged and not several else []
    for v in schedule.values:
        if v.per_update:
            by_case = ragged and is_of_batch(v.shape[0])
            lines.append(f"{v.name} = {v.name}_of[{'start : start + cases' if by_case else 't'}]")
        elif ragged and is_cut(v):
            lines += _cut(v, f"{EACH}[t]" if several else EACH)
    return lines


def _cut(v: Value, each: str) -> list[str]:
    """The first rows of an array, as an array whose numbers lie one after another."""
    whole = f"{v.name}_all"
    if v.source == EVEN:
        return [f"{v.name} = {whole}[:cases]", f"{v.name}[:] = {each}"]
    if is_of_batch(v.shape[0]) and not any(map(is_of_batch, v.shape[1:])):
        return [f"{v.name} = {whole}[:{str(v.shape[0]).replace(BATCH, 'cases')}]"]
    axes = [
        str(n).replace(BATCH, "cases") if is_of_batch(n) else f"{whole}.shape[{k}]"
        for k, n in enumerate(v.shape)
    ]
    return [f"{v.name} = {whole}.reshape(-1)[:{' * '.join(axes)}].reshape({', '.join(axes)})"]


def _body(body: tuple[Node, ...], depth: int, origin: Origin, above: list[Heading]) -> list[str]:
    """The lines of ops; headings are appended to those that stand `above`."""
    pad = "    " * depth
    out: list[str] = []
    for k, node in enumerate(body):
        if isinstance(node, Heading):
            above.append(node)
            if k + 1 < len(body) and not isinstance(body[k + 1], Heading):
                out += [*([""] if out else []), f"{pad}# {_told(node.text, origin(node, above))}"]
        elif isinstance(node, Op):
            out += _call(node, pad, _told(node.note, origin(node, above)))
        elif isinstance(node, Repeat):
            out.append(f"{pad}for {node.variable} in range({node.count}):")
            out += _body(node.body, depth + 1, origin, above) or [f"{pad}    pass"]
        elif isinstance(node, Until):
            out.append(f"{pad}for {node.variable} in range({node.count}):")
            out.append(f"{pad}    {node.rows} = {node.going}[0]")
            out += [f"{pad}    if {node.rows} == 0:", f"{pad}        break"]
            out += _body(node.body, depth + 1, origin, above)
    return out


def _told(text: str, origin: str) -> str:
    return f"{text}  ({origin})" if origin else text


def _call(op: Op, pad: str, note: str) -> list[str]:
    """A call with its formula: beside it, or above it if the line would be too long."""
    call = pad + op.call()
    for beside in (f"{call:{NOTE}}  # {note}", f"{call}  # {note}"):
        if len(beside) <= WIDTH:
            return [beside]
    notes = textwrap.wrap(note, WIDTH - len(pad) - 2)
    if len(call) > WIDTH:
        name, _, arguments = op.call().removesuffix(")").partition("(")
        parts = textwrap.wrap(arguments, WIDTH - len(pad) - 4, break_long_words=False)
        call = "\n".join([f"{pad}{name}(", *(f"{pad}    {x}" for x in parts), f"{pad})"])
    return [*(f"{pad}# {x}" for x in notes), *call.splitlines()]
