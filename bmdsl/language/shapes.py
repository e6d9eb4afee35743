"""Letter ranges and parameter shapes, inferred from the energy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from . import tree as t
from .constants import Bindings, constant, is_constant, whole
from .diagnostics import BmError, Diagnostic, counted, fail, near
from .model import Graph, Group, Length, Letter, Parameter, ParameterFactor, Subscript, Term
from .reach import bounds
from .scopes import origin
from .terms import Product, factors, letters_of


def letter_ranges(
    p: Product,
    clauses: tuple[t.Clause, ...],
    groups: Mapping[str, Group],
    graphs: Mapping[str, Length],
    arguments: Bindings,
    known: Mapping[str, tuple[Length, ...]],
) -> tuple[Letter, ...]:
    """The range of every letter of an addend: a `for` clause, a graph's nodes, a unit axis, or a
    declared parameter axis.
    """
    found: dict[str, Letter] = {}
    written: dict[str, list[str]] = {}  # a clause holds for a letter wherever the addend binds it
    for x in sorted(letters_of(p)):
        written.setdefault(origin(x), []).append(x)
    ends = {
        x: c.graph.text
        for c in clauses
        if isinstance(c, t.EdgeRange)
        for end in (c.first, c.second)
        for x in written.get(end.text, ())
    }
    for c in clauses:
        if isinstance(c, t.LetterRange):
            if c.letter.text not in written:
                raise fail(
                    "BM214",
                    f"letter `{c.letter.text}` of the `for` clause stands in no subscript",
                    c.span,
                )
            found |= {x: replace(_range(c, arguments), name=x) for x in written[c.letter.text]}
        elif isinstance(c, t.EdgeRange):
            if c.graph.text not in graphs:
                close = near(c.graph.text, graphs)
                raise fail(
                    "BM601",
                    f"unknown graph `{c.graph.text}`",
                    c.graph.span,
                    help=(
                        f"did you mean `{close}`?"
                        if close
                        else f"declare it: `graph {c.graph.text} = ring(n)`"
                    ),
                )
            for end in (c.first, c.second):
                found |= {x: Letter(x, graphs[c.graph.text]) for x in written.get(end.text, ())}
    first_use: dict[str, tuple[Length, str]] = {}
    for u in p.units:
        for s, n in zip(u.subscripts, groups[u.group].axes, strict=True):
            if s.letter is None:
                continue
            shown = u.span.text if u.span else u.group
            if s.letter in first_use and first_use[s.letter][0] != n:
                first, text = first_use[s.letter]
                raise fail(
                    "BM203",
                    f"index `{origin(s.letter)}` runs over {first} in `{text}` but over {n} in"
                    f" `{shown}`",
                    u.span,
                    f"{u.group} has shape [{', '.join(map(str, groups[u.group].axes))}]",
                    help="two different letters sum over all pairs",
                )
            first_use.setdefault(s.letter, (n, shown))
            known_range = found.setdefault(s.letter, Letter(s.letter, n))
            if s.letter in ends and isinstance(
                known_range.stop, str
            ):  # the graph's size is not known, the axis is
                found[s.letter] = Letter(s.letter, n)
            if (
                s.letter in ends
                and isinstance(known_range.stop, int)
                and isinstance(n, int)
                and known_range.stop != n
            ):
                raise fail(
                    "BM612",
                    f"graph `{ends[s.letter]}` has {known_range.stop} nodes, `{shown}` has {n}"
                    " units on that axis",
                    u.span,
                    help="a graph's nodes are the places of the axis, one each",
                )
    for f in p.parameters:
        for s, n in zip(f.subscripts, known.get(f.parameter, ()), strict=False):
            if s.letter and s.letter not in found:
                found[s.letter] = Letter(s.letter, n)
    for name in sorted(letters_of(p) - set(found)):
        place = next(
            (f.span for f in factors(p) for s in f.subscripts if name in dict(s.letters)), None
        )
        raise fail(
            "BM206",
            f"letter `{origin(name)}` has no range",
            place,
            "it subscripts no axis on its own",
            help=f"add `for {origin(name)} in 0..n`, or write the parameter's shape",
        )
    return tuple(sorted(found.values(), key=lambda x: x.name))


def _range(c: t.LetterRange, arguments: Bindings) -> Letter:
    """`for x in start..stop`: whole numbers, the first given by value, not empty."""
    start, stop = constant(c.start, arguments), constant(c.stop, arguments)
    for value, e in ((start, c.start), (stop, c.stop)):
        if value is not None and value != int(value):
            raise fail("BM217", f"the ends of a range are whole numbers, this is {value:g}", e.span)
        if value is not None:
            whole(value, e, "the end of a range")
    if start is None:
        raise fail(
            "BM218",
            f"the range of `{c.letter.text}` must start at a number, `{c.start.span.text}` has no"
            " value yet",
            c.start.span,
            help="give the argument a default, or a value with -D",
        )
    if stop is not None and stop <= start:
        raise fail(
            "BM219",
            f"the range {start}..{stop} of `{c.letter.text}` is empty",
            c.span,
            help="`0..n` is the n values 0 to n - 1",
        )
    return Letter(
        c.letter.text,
        "".join(c.stop.span.text.split()) if stop is None else int(stop),
        int(start),
        written=True,
    )


def verify_bound(before: t.Addend | None, a: t.Addend, arguments: Bindings) -> None:
    """Raises BM222 for a constant right after a range without parentheses: `0..n - 1` would be a
    range and a term that does nothing.
    """
    last = before.clauses[-1] if before is not None and before.clauses else None
    if isinstance(last, t.LetterRange) and not last.closed and is_constant(a.expression, arguments):
        more = f"{a.sign} {a.expression.span.text}"
        stop = last.stop.span.text
        raise BmError(
            Diagnostic(
                "BM222",
                f"is `{more}` a part of the range `{last.start.span.text}..{stop}`, or a term?",
                a.span,
                helps=(
                    f"a part of the range: `{last.start.span.text}..({stop} {more})`",
                    f"a term, the same for all states: `{last.start.span.text}..({stop}) {more}`",
                ),
            )
        )


def nested(term: Term, outer: tuple[Letter, ...] = ()) -> Iterator[tuple[Term, dict[str, Letter]]]:
    """The term and the addends of its expert, each with the ranges of all letters it may use."""
    letters = (*outer, *term.letters)
    yield term, {x.name: x for x in letters}
    expert = term.expert
    while expert is not None:
        for addend in expert.addends:
            yield from nested(addend, letters)
        expert = expert.inner


def verify_ranges(term: Term, groups: Mapping[str, Group], graphs: Mapping[str, Graph]) -> None:
    """Every plain subscript stays inside its axis for all values of its letters that the conditions
    allow, else BM207 with the numbers.
    """
    for part, ranges in nested(term):
        for u in part.units:
            for s, n in zip(u.subscripts, groups[u.group].axes, strict=True):
                if (
                    s.edge == "plain"
                    and (value := _outside(s, n, bounds(s, ranges, term.conditions, graphs)))
                    is not None
                ):
                    raise fail(
                        "BM207",
                        f"subscript `{s}` of `{u.group}` reaches {value}, its axis has"
                        f" 0..{int(n) - 1}",
                        u.span,
                        help=f"`wrap({s})` is periodic, `pad({s})` counts as zero outside",
                    )


def verify_parameter_ranges(
    term: Term, shapes: Mapping[str, tuple[Length, ...]], graphs: Mapping[str, Graph]
) -> None:
    """The same for parameters, whose subscripts can neither wrap nor pad.

    A parameter of edges has no range to leave.
    """
    for part, ranges in nested(term):
        for f in part.parameters:
            if not is_of_edges(f, term):
                _verify_parameter(f, term, ranges, shapes[f.parameter], graphs)


def _verify_parameter(
    f: ParameterFactor,
    term: Term,
    ranges: Mapping[str, Letter],
    shape: tuple[Length, ...],
    graphs: Mapping[str, Graph],
) -> None:
    if len(f.subscripts) != len(shape):
        raise fail(
            "BM209",
            f"`{f.parameter}` has {counted(len(shape), 'axis', 'axes')} but"
            f" {counted(len(f.subscripts), 'subscript')} here",
            f.span,
        )
    for s, n in zip(f.subscripts, shape, strict=True):
        if s.edge != "plain":
            raise fail(
                "BM213",
                f"a parameter's subscript cannot `{s.edge}`",
                f.span,
                help="only a unit's subscript can",
            )
        value = _outside(s, n, bounds(s, ranges, term.conditions, graphs))
        if value is not None:
            raise fail(
                "BM207",
                f"subscript `{s}` of `{f.parameter}` reaches {value}, its axis has 0..{int(n) - 1}",
                f.span,
            )


def _outside(s: Subscript, n: Length, reached: tuple[int, int] | None) -> int | None:
    """A value that the subscript reaches outside of its axis of length n, if there is one."""
    if reached is None or not isinstance(n, int):
        return None
    low, high = reached
    return low if low < 0 else high if high >= n else None


def is_of_edges(f: ParameterFactor, term: Term) -> bool:
    """Whether the parameter has one entry an edge of the term's graph: its subscripts are the two
    ends.
    """
    return any(
        c.kind == "edge"
        and len(f.subscripts) == 2
        and {s.letter for s in f.subscripts} == {c.first, c.second}
        for c in term.conditions
    )


def parameter_shapes(
    declared: Mapping[str, tuple[Length, ...] | None],
    terms: list[Term],
    edges: Mapping[str, Length],
    spans: Mapping[str, t.ParameterDeclaration],
    unsure: Collection[str] = (),
) -> tuple[dict[str, tuple[Length, ...]], list[Diagnostic]]:
    """Shapes by the letters' ranges; a declared shape, or an earlier use, that disagrees is an
    error, and the parameter has none then. Those that are `unsure` act in terms that are not here.
    """
    conflicts: set[str] = set()
    shapes: dict[str, tuple[Length, ...]] = {n: s for n, s in declared.items() if s is not None}
    wrong: list[Diagnostic] = []
    for term, known in (found for one in terms for found in nested(one)):
        graph = next((c for c in term.conditions if c.kind == "edge"), None)
        for f in term.parameters:
            pair = [s.letter for s in f.subscripts]
            shape: tuple[Length, ...]
            if graph is not None and set(pair) == {graph.first, graph.second} and len(pair) == 2:
                shape, over = (edges[graph.graph or ""],), [graph.first]
            elif None in pair:
                if f.parameter not in shapes:
                    wrong.append(
                        Diagnostic(
                            "BM208",
                            f"the shape of `{f.parameter}` cannot be inferred from a compound"
                            " subscript",
                            f.span,
                            helps=("write it at the parameter: `param W[3, 4]`",),
                        )
                    )
                continue
            else:
                over = [x for x in pair if x is not None]
                shape = tuple(known[x].stop for x in over)
            have = shapes.setdefault(f.parameter, shape)
            if len(have) != len(shape):
                found = (
                    f"`{f.parameter}` has {counted(len(have), 'axis', 'axes')} but"
                    f" {counted(len(shape), 'subscript')} here"
                )
                wrong.append(Diagnostic("BM209", found, f.span))
                conflicts.add(f.parameter)
            elif any(
                a != b and not (declared[f.parameter] is not None and _is_part(known[x], a))
                for a, b, x in zip(have, shape, over, strict=True)
            ):
                conflicts.add(f.parameter)
                help = (
                    ""
                    if declared[f.parameter] is not None
                    else f"write its shape where it is declared: `param {f.parameter}[...]`"
                )
                wrong.append(
                    Diagnostic(
                        "BM210",
                        f"`{f.parameter}` has shape {_shown(have)}, its letters run over"
                        f" {_shown(shape)} here",
                        f.span,
                        helps=(help,) if help else (),
                    )
                )
    tried = {f.parameter for one in terms for term, _ in nested(one) for f in term.parameters}
    for name, p in spans.items():
        if name not in shapes and name not in tried and name not in unsure:
            wrong.append(
                Diagnostic(
                    "BM211",
                    f"parameter `{name}` acts in no term, so it has no shape",
                    p.name.span,
                    helps=("use it in the energy, or remove it",),
                )
            )
    return {n: s for n, s in shapes.items() if n not in conflicts}, wrong


def _is_part(x: Letter | None, length: Length) -> bool:
    """Whether a `for` clause lets the letter run over a part of an axis of this length."""
    return (
        x is not None
        and x.written
        and (not isinstance(x.stop, int) or not isinstance(length, int) or x.stop <= length)
    )


def _shown(shape: tuple[Length, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def verify_symmetric(p: Parameter) -> Diagnostic | None:
    """A symmetric parameter is square."""
    if p.symmetric and (len(p.shape) != 2 or p.shape[0] != p.shape[1]):
        return Diagnostic(
            "BM212",
            f"`{p.name}` is symmetric but has shape {_shown(p.shape)}",
            p.span,
            helps=("a symmetric parameter is square",),
        )
    return None
