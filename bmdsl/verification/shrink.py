"""A model's text with every size made small, its structure kept: what is left can be enumerated.

Sizes are whole numbers in shapes, unit types, graphs and ranges: model arguments, and numbers as
written (equal ones stay equal).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import product
from math import log2, prod
from typing import Any

from ..language import tree as t
from ..language.constants import constant
from ..language.diagnostics import BmError, fail
from ..language.model import Model

PASSES = ((12.5, 2), (14.5, 2), (16.5, 2), (14.5, 1), (18.5, 1))
"""log2 of the most joint states of a small copy, and the least length: tried in this order."""
WORTH = {1: -3.0, 2: 0.0, 3: 1.0, 4: 1.3, 5: 1.5, 6: 1.6, 8: 1.65, 10: 1.7, 12: 1.72}
"""How much of a model's structure shows at a length: at 1 hardly any, past 4 little more."""
TRIES = 3000

Size = str | int
"""A model argument, or a number as written."""


@dataclass(frozen=True)
class Small:
    """The small copy's definition and arguments, and what became of each size."""

    definition: t.ModelDefinition
    arguments: dict[str, float]
    sizes: dict[Size, int]
    model: Model


def shrink(
    definition: t.ModelDefinition,
    arguments: Mapping[str, float],
    given: Mapping[str, int],
    check: Callable[[t.ModelDefinition, Mapping[str, float]], Model],
    states: Callable[[Model], float],
    alike: Callable[[Model], bool],
    graphs: Mapping[str, GraphFile],
) -> Small:
    """The copy that shows most structure among those that can be enumerated.

    `given` are sizes that the user chose.

    `check` is the language's checker, `states` a checked model's log2 of joint states, `alike`
    whether it is compiled as the whole model is (the best copy that is not is taken where none is).
    `graphs` are those read from files. BmError BM876 where no copy is small enough.
    """
    definition = _without_files(definition)
    sizes = _sizes(definition, arguments) | {f"nodes of {n}": g.nodes for n, g in graphs.items()}
    unknown = [n for n in given if n not in sizes and n not in map(str, sizes)]
    if unknown:
        shown = ", ".join(map(str, sizes)) or "none"
        raise fail(
            "BM876",
            f"model `{definition.name.text}` has no size `{unknown[0]}`",
            definition.name.span,
            help=f"its sizes are {shown}",
        )
    chosen = {
        n: (
            (given[str(n)],)
            if str(n) in given
            else tuple(k for k in WORTH if most is None or k <= most) or (most or 1,)
        )
        for n, most in sizes.items()
    }
    combinations = sorted(
        product(*chosen.values()), key=lambda ks: -sum(WORTH.get(k, 0.0) for k in ks)
    )
    reason: BmError | None = None
    second: Small | None = None
    tried = 0
    for (bits, least), ks in product(PASSES, combinations):
        picked = dict(zip(chosen, ks, strict=True))
        if any(k < least and str(n) not in given for n, k in picked.items()):
            continue
        small, bound = _put(definition, picked, graphs), _bound(definition, arguments, picked)
        if _quick_bits(small, bound) > bits and not given:
            continue
        tried += 1
        if tried > TRIES:
            break
        try:
            model = check(small, bound)
        except BmError as error:
            reason = reason or error
            continue
        if not model.unbound and (states(model) <= bits or len(given) == len(sizes)):
            found = Small(small, bound, picked, model)
            if alike(model):
                return found
            second = second or found
    if second is not None:
        return second
    note = (
        f"with the smallest sizes the checker says: {reason.diagnostics[0].message}"
        if reason
        else "even with the smallest sizes it has too many states"
    )
    raise fail(
        "BM876",
        f"no copy of `{definition.name.text}` is small enough to enumerate",
        definition.name.span,
        note=note,
        help="choose sizes yourself: " + " ".join(f"--size {n}=2" for n in sizes),
    )


@dataclass(frozen=True)
class GraphFile:
    """A graph that a file holds: its number of nodes, and where a connected part of so many of them
    is written.
    """

    nodes: int
    part: Callable[[int], str]


def _sizes(d: t.ModelDefinition, arguments: Mapping[str, float]) -> dict[Size, int | None]:
    """Every size and its value now; None while it waits for data."""
    defaults = {a.name.text: a.default for a in d.arguments}
    values: dict[str, float | None] = {}
    for name, default in defaults.items():
        values[name] = (
            arguments[name]
            if name in arguments
            else None
            if default is None
            else constant(default, values)
        )
    found: dict[Size, int | None] = {}
    for e in _places(d):
        for node in _nodes(e):
            if isinstance(node, t.Number) and isinstance(node.value, int) and node.value > 2:
                found[node.value] = node.value
            elif isinstance(node, t.Ref) and node.subscripts is None and node.name.text in values:
                value = values[node.name.text]
                if value is None or (float(value).is_integer() and value > 1):
                    found[node.name.text] = None if value is None else int(value)
    return found


def _places(d: t.ModelDefinition) -> Iterator[t.Expression]:
    """Where sizes stand: shapes, arguments of unit types and graphs, ends of ranges, and what
    multiplies letters in subscripts.
    """
    for s in d.statements:
        match s:
            case t.UnitDeclaration():
                yield from s.shape
                yield from (a.value for a in s.type.arguments)
            case t.ParameterDeclaration():
                yield from s.shape or ()
            case t.GraphDeclaration(value=t.Call() as call):
                yield from (
                    a.value for a in call.arguments if a.name is None or a.name.text != "seed"
                )
            case t.EnergyStatement():
                for a in s.addends:
                    yield from (c.stop for c in a.clauses if isinstance(c, t.LetterRange))
                    yield from (
                        x
                        for node in _nodes(a.expression)
                        if isinstance(node, t.Ref)
                        for x in node.subscripts or ()
                    )


def _nodes(e: Any) -> Iterator[Any]:
    """An expression and all inside it."""
    yield e
    if is_dataclass(e) and not isinstance(e, type):
        for f in fields(e):
            value = getattr(e, f.name)
            for x in value if isinstance(value, tuple) else (value,):
                if is_dataclass(x) and f.name != "span":
                    yield from _nodes(x)


def _put(
    d: t.ModelDefinition, sizes: Mapping[Size, int], graphs: Mapping[str, GraphFile]
) -> t.ModelDefinition:
    """The definition with numbers as written replaced where they are sizes, and graph files by
    parts of them.
    """
    places = {id(e) for e in _places(d)}

    def walk(x: Any, inside: bool) -> Any:
        inside = inside or id(x) in places
        if isinstance(x, t.Number):
            return (
                replace(x, value=sizes[x.value])
                if inside and isinstance(x.value, int) and x.value in sizes
                else x
            )
        if isinstance(x, tuple):
            return tuple(walk(y, inside) for y in x)
        if isinstance(x, t.GraphDeclaration) and isinstance(x.value, t.String):
            return replace(
                x,
                value=replace(
                    x.value, value=graphs[x.name.text].part(sizes[f"nodes of {x.name.text}"])
                ),
            )
        if is_dataclass(x) and not isinstance(x, type):
            return replace(
                x,
                **{f.name: walk(getattr(x, f.name), inside) for f in fields(x) if f.name != "span"},
            )
        return x

    made: t.ModelDefinition = walk(d, False)
    return made


def _bound(
    d: t.ModelDefinition, arguments: Mapping[str, float], sizes: Mapping[Size, int]
) -> dict[str, float]:
    names = {a.name.text for a in d.arguments}
    return {**arguments, **{n: k for n, k in sizes.items() if isinstance(n, str) and n in names}}


def _quick_bits(d: t.ModelDefinition, arguments: Mapping[str, float]) -> float:
    """A lower bound of log2 of the joint states: every unit has at least two."""
    values: dict[str, float | None] = {}
    total = 0.0
    try:
        for a in d.arguments:
            values[a.name.text] = arguments.get(
                a.name.text, None if a.default is None else constant(a.default, values)
            )
        for s in d.statements:
            if isinstance(s, t.UnitDeclaration) and s.role != "given":
                total += prod(float(constant(e, values) or 1) for e in s.shape)
    except BmError:
        return 0.0
    return total * log2(2)


def _without_files(d: t.ModelDefinition) -> t.ModelDefinition:
    """Parameters that start from a file start at random: the file has the large shape."""

    def one(s: t.Statement) -> t.Statement:
        return (
            replace(s, init=None)
            if isinstance(s, t.ParameterDeclaration) and isinstance(s.init, t.String)
            else s
        )

    return replace(d, statements=tuple(one(s) for s in d.statements))
