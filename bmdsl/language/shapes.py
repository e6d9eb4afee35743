"""Letter ranges and parameter shapes, inferred from the energy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import tree as t
from .constants import Bindings, constant
from .diagnostics import Diagnostic, counted, fail, near
from .model import Group, Length, Letter, Parameter, Subscript, Term
from .terms import Product, factors, letters_of


def letter_ranges(p: Product, clauses: tuple[t.Clause, ...], groups: Mapping[str, Group], graphs: Mapping[str, Length], arguments: Bindings,
                  known: Mapping[str, tuple[Length, ...]]) -> tuple[Letter, ...]:  # fmt: skip
    """The range of every letter of an addend: a `for` clause, a graph's nodes, a unit axis, or a declared parameter axis."""
    found: dict[str, Letter] = {}
    ends = {x.text: c.graph.text for c in clauses if isinstance(c, t.EdgeRange) for x in (c.first, c.second)}
    for c in clauses:
        if isinstance(c, t.LetterRange):
            found[c.letter.text] = _range(c, arguments)
        elif isinstance(c, t.EdgeRange):
            if c.graph.text not in graphs:
                close = near(c.graph.text, graphs)
                raise fail("BM601", f"unknown graph `{c.graph.text}`", c.graph.span,
                           help=f"did you mean `{close}`?" if close else f"declare it: `graph {c.graph.text} = ring(n)`")  # fmt: skip
            for name in (c.first.text, c.second.text):
                found[name] = Letter(name, graphs[c.graph.text])
    origin: dict[str, tuple[Length, str]] = {}
    for u in p.units:
        for s, n in zip(u.subscripts, groups[u.group].axes, strict=True):
            if s.letter is None:
                continue
            shown = u.span.text if u.span else u.group
            if s.letter in origin and origin[s.letter][0] != n:
                first, text = origin[s.letter]
                raise fail("BM203", f"index `{s.letter}` runs over {first} in `{text}` but over {n} in `{shown}`", u.span,
                           f"{u.group} has shape [{', '.join(map(str, groups[u.group].axes))}]",
                           help="two different letters sum over all pairs")  # fmt: skip
            origin.setdefault(s.letter, (n, shown))
            known_range = found.setdefault(s.letter, Letter(s.letter, n))
            if s.letter in ends and isinstance(known_range.stop, str):  # the graph's size is not known, the axis is
                found[s.letter] = Letter(s.letter, n)
            if s.letter in ends and isinstance(known_range.stop, int) and isinstance(n, int) and known_range.stop != n:
                raise fail("BM612", f"graph `{ends[s.letter]}` has {known_range.stop} nodes, `{shown}` has {n} units on that axis", u.span,
                           help="a graph's nodes are the places of the axis, one each")  # fmt: skip
    for f in p.parameters:
        for s, n in zip(f.subscripts, known.get(f.parameter, ()), strict=False):
            if s.letter and s.letter not in found:
                found[s.letter] = Letter(s.letter, n)
    for name in sorted(letters_of(p) - set(found)):
        place = next((f.span for f in factors(p) for s in f.subscripts if name in dict(s.letters)), None)
        raise fail("BM206", f"letter `{name}` has no range", place, "it subscripts no axis on its own",
                   help=f"add `for {name} in 0..n`, or write the parameter's shape")  # fmt: skip
    return tuple(sorted(found.values(), key=lambda x: x.name))


def _range(c: t.LetterRange, arguments: Bindings) -> Letter:
    """`for x in start..stop`: whole numbers, the first given by value, not empty."""
    start, stop = constant(c.start, arguments), constant(c.stop, arguments)
    for value, e in ((start, c.start), (stop, c.stop)):
        if value is not None and value != int(value):
            raise fail("BM217", f"the ends of a range are whole numbers, this is {value:g}", e.span)
    if start is None:
        raise fail("BM218", f"the range of `{c.letter.text}` must start at a number, `{c.start.span.text}` has no value yet", c.start.span,
                   help="give the argument a default, or a value with -D")  # fmt: skip
    if stop is not None and stop <= start:
        raise fail("BM219", f"the range {start}..{stop} of `{c.letter.text}` is empty", c.span, help="`0..n` is the n values 0 to n - 1")
    return Letter(c.letter.text, c.stop.span.text if stop is None else int(stop), int(start))


def nested(term: Term, outer: tuple[Letter, ...] = ()) -> Iterator[tuple[Term, dict[str, Letter]]]:
    """The term and the addends of its expert, each with the ranges of all letters it may use."""
    letters = (*outer, *term.letters)
    yield term, {x.name: x for x in letters}
    expert = term.expert
    while expert is not None:
        for addend in expert.addends:
            yield from nested(addend, letters)
        expert = expert.inner


def verify_ranges(term: Term, groups: Mapping[str, Group]) -> None:
    """Every plain subscript stays inside its axis for all values of its letters, else BM207 with the numbers."""
    for part, ranges in nested(term):
        _verify_units(part, ranges, groups)


def _verify_units(term: Term, ranges: Mapping[str, Letter], groups: Mapping[str, Group]) -> None:
    for u in term.units:
        for s, n in zip(u.subscripts, groups[u.group].axes, strict=True):
            bounds = _bounds(s, ranges)
            if bounds is None or not isinstance(n, int) or s.edge != "plain":
                continue
            low, high = bounds
            if low < 0 or high >= n:
                value = low if low < 0 else high
                raise fail("BM207", f"subscript `{s}` of `{u.group}` reaches {value}, its axis has 0..{n - 1}", u.span,
                           help=f"`wrap({s})` is periodic, `pad({s})` counts as zero outside")  # fmt: skip


def verify_parameter_ranges(term: Term, shapes: Mapping[str, tuple[Length, ...]]) -> None:
    """The same for parameters, whose subscripts can neither wrap nor pad."""
    if any(c.kind == "edge" for c in term.conditions):
        return
    for part, ranges in nested(term):
        _verify_parameters(part, ranges, shapes)


def _verify_parameters(term: Term, ranges: Mapping[str, Letter], shapes: Mapping[str, tuple[Length, ...]]) -> None:
    for f in term.parameters:
        shape = shapes[f.parameter]
        if len(f.subscripts) != len(shape):
            raise fail("BM209", f"`{f.parameter}` has {counted(len(shape), 'axis', 'axes')} but {counted(len(f.subscripts), 'subscript')} here", f.span)
        for s, n in zip(f.subscripts, shape, strict=True):
            bounds = _bounds(s, ranges)
            if s.edge != "plain":
                raise fail("BM213", f"a parameter's subscript cannot `{s.edge}`", f.span, help="only a unit's subscript can")
            if bounds is None or not isinstance(n, int):
                continue
            if bounds[0] < 0 or bounds[1] >= n:
                value = bounds[0] if bounds[0] < 0 else bounds[1]
                raise fail("BM207", f"subscript `{s}` of `{f.parameter}` reaches {value}, its axis has 0..{n - 1}", f.span)


def _bounds(s: Subscript, ranges: Mapping[str, Letter]) -> tuple[int, int] | None:
    low = high = s.constant
    for x, c in s.letters:
        stop = ranges[x].stop
        if not isinstance(stop, int):
            return None
        ends = (c * ranges[x].start, c * (stop - 1))
        low, high = low + min(ends), high + max(ends)
    return low, high


def parameter_shapes(declared: Mapping[str, tuple[Length, ...] | None], terms: list[Term], edges: Mapping[str, Length],
                     spans: Mapping[str, t.ParameterDeclaration]) -> tuple[dict[str, tuple[Length, ...]], list[Diagnostic]]:  # fmt: skip
    """Shapes by the letters' ranges; a declared shape, or an earlier use, that disagrees is an error."""
    shapes: dict[str, tuple[Length, ...]] = {n: s for n, s in declared.items() if s is not None}
    wrong: list[Diagnostic] = []
    for term, known in ((part, ranges) for whole in terms for part, ranges in nested(whole)):
        ranges = {name: x.stop for name, x in known.items()}
        graph = next((c for c in term.conditions if c.kind == "edge"), None)
        for f in term.parameters:
            pair = [s.letter for s in f.subscripts]
            shape: tuple[Length, ...]
            if graph is not None and set(pair) == {graph.first, graph.second} and len(pair) == 2:
                shape = (edges[graph.graph or ""],)
            elif None in pair:
                if f.parameter not in shapes:
                    wrong.append(Diagnostic("BM208", f"the shape of `{f.parameter}` cannot be inferred from a compound subscript", f.span,
                                            helps=("write it at the parameter: `param W[3, 4]`",)))  # fmt: skip
                continue
            else:
                shape = tuple(ranges[x] for x in pair if x is not None)
            have = shapes.setdefault(f.parameter, shape)
            if len(have) != len(shape):
                found = f"`{f.parameter}` has {counted(len(have), 'axis', 'axes')} but {counted(len(shape), 'subscript')} here"
                wrong.append(Diagnostic("BM209", found, f.span))
            elif any(a != b for a, b in zip(have, shape, strict=True)):
                wrong.append(Diagnostic("BM210", f"`{f.parameter}` has shape {_shown(have)}, its letters run over {_shown(shape)} here", f.span))
    for name, p in spans.items():
        if name not in shapes and not wrong:
            wrong.append(Diagnostic("BM211", f"parameter `{name}` acts in no term, so it has no shape", p.name.span,
                                    helps=("use it in the energy, or remove it",)))  # fmt: skip
    return shapes, wrong


def _shown(shape: tuple[Length, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def verify_symmetric(p: Parameter) -> Diagnostic | None:
    """A symmetric parameter is square."""
    if p.symmetric and (len(p.shape) != 2 or p.shape[0] != p.shape[1]):
        return Diagnostic("BM212", f"`{p.name}` is symmetric but has shape {_shown(p.shape)}", p.span, helps=("a symmetric parameter is square",))
    return None
