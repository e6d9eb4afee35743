"""Loop nests over a term's letters, as source text: what builds a bias or a coupling from
parameters, and collects its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..language.letters import Place, is_read_by_edge, nest_of, unit_place
from ..language.model import Length, Letter, Model, ParameterFactor, Subscript, Term
from ..plan.identifiers import edges_variable, letter, parameter_variable


class Lengths:
    """Numbers the distinct lengths of a module so that no size is a constant in its source."""

    def __init__(self) -> None:
        self.known: list[Length] = []

    def __call__(self, length: Length) -> str:
        if length not in self.known:
            self.known.append(length)
        return f"n[{self.known.index(length)}]"


def affine(s: Subscript) -> str:
    """The subscript's value as an expression of its letters, which are `i_<name>` in generated
    code.
    """
    parts = [f"{c} * {letter(x)}" if c != 1 else letter(x) for x, c in s.letters]
    if s.constant or not parts:
        parts.append(str(s.constant))
    return " + ".join(parts)


def emit_loops(
    model: Model, term: Term, lengths: Lengths, indent: int
) -> tuple[list[str], int, list[str]]:
    """Lines that open the nest, the indentation inside it, and the column variable of each unit
    factor.
    """
    lines: list[str] = []
    depth = indent

    def put(text: str) -> None:
        lines.append("    " * depth + text)

    nest = nest_of(term)
    bound: set[str] = set()
    for n, c in enumerate(nest.edges):
        edges, edge = edges_variable(c.graph or ""), f"e{n}" if n else "e"
        put(f"for {edge} in range({edges}.shape[0]):")
        depth += 1
        for name, end in ((c.first, 0), (c.second, 1)):
            if name in bound:
                put(f"if {letter(name)} == {edges}[{edge}, {end}]:")
                depth += 1
            else:
                put(f"{letter(name)} = {edges}[{edge}, {end}]")
        bound |= {c.first, c.second}
    for x in nest.ranges:
        put(f"for {letter(x.name)} in range({x.start}, {lengths(x.stop)}):")
        depth += 1
    for c in nest.tests:
        put(f"if {letter(c.first)} {'<' if c.kind == 'less' else '!='} {letter(c.second)}:")
        depth += 1
    columns = []
    for k, u in enumerate(term.units):
        lines_u, depth, column = _unit_column(unit_place(model, u), k, lengths, depth)
        lines += lines_u
        columns.append(column)
    return lines, depth, columns


def _unit_column(place: Place, k: int, lengths: Lengths, depth: int) -> tuple[list[str], int, str]:
    lines: list[str] = []
    parts = []
    for number, axis in enumerate(place.axes):
        name = f"x{k}_{number}"
        value = affine(axis.subscript)
        if axis.wraps:
            value = f"({value}) % {lengths(axis.length)}"
        lines.append("    " * depth + f"{name} = {value}")
        if axis.pads:
            lines.append("    " * depth + f"if 0 <= {name} < {lengths(axis.length)}:")
            depth += 1
        parts.append((name, lengths(axis.length)))
    column = parts[0][0] if parts else "0"
    for name, length in parts[1:]:
        column = f"({column}) * {length} + {name}"
    lines.append("    " * depth + f"p{k} = {column}")
    return lines, depth, f"p{k}"


def ranges(letters: Iterable[Letter], lengths: Lengths, depth: int) -> tuple[list[str], int]:
    """Lines that open a loop over each letter's values, and the indentation inside them."""
    lines = []
    for x in letters:
        loop = f"for {letter(x.name)} in range({x.start}, {lengths(x.stop)}):"
        lines.append("    " * depth + loop)
        depth += 1
    return lines, depth


def parameter_entry(model: Model, p: ParameterFactor, term: Term) -> str:
    """The parameter's entry inside the nest: `W[i_i, i_j]`; an edge parameter is read at its edge
    `e`.
    """
    name = parameter_variable(p.parameter)
    if not p.subscripts:
        return f"{name}[()]"
    if is_read_by_edge(term, p, model.parameter(p.parameter).shape):
        return f"{name}[e]"
    return f"{name}[{', '.join(affine(s) for s in p.subscripts)}]"


def product(model: Model, term: Term, number: int, skip: int | None = None) -> str:
    """coefficient · Π parameters; with `skip`, its derivative by that parameter factor."""
    parts = [f"k[{number}]"]
    for m, p in enumerate(term.parameters):
        entry = parameter_entry(model, p, term)
        power = p.power
        if m == skip:
            if power > 1:
                parts.append(f"{power}")
            power -= 1
        parts += [entry] * power
    return " * ".join(parts)


def emit_gradient(
    model: Model, term: Term, number: int, depth: int, weight: str, wanted: Callable[[str], str]
) -> list[str]:
    """Lines that add scale · ∂(−term)/∂θ · weight for every parameter factor of the term."""
    lines = []
    for m, p in enumerate(term.parameters):
        target = parameter_entry(model, p, term).replace(
            parameter_variable(p.parameter), wanted(p.parameter), 1
        )
        lines.append(
            "    " * depth + f"{target} -= scale * {product(model, term, number, m)} * {weight}"
        )
    return lines
