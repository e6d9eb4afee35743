"""What a definition declares: arguments, groups, parameters and graphs by name, no two alike.

Each adds what is wrong to a list, so that all errors of a model are raised at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

from . import tree as t
from .constants import MAX_LENGTH, Bindings, constant, length
from .diagnostics import BmError, Diagnostic, fail, near
from .doubtful import stand_in
from .graph_axes import nodes_wanted
from .graphs import build_graph
from .model import Graph, Group
from .outside import Kept
from .spelling import spelled
from .training_block import options
from .vocabulary import Vocabulary


def declared_arguments(
    d: t.ModelDefinition, given: Mapping[str, float], wrong: list[Diagnostic]
) -> dict[str, int | float | None]:
    """The values of a definition's arguments, by name; None of one that has none yet."""
    names = [a.name.text for a in d.arguments]
    given = {spelled(name, names): value for name, value in given.items()}
    for name in given:
        if name not in names:
            close = near(name, names)
            hint = (
                f"did you mean `{close}`?"
                if close
                else f"its arguments are {', '.join(names) or 'none'}"
            )
            wrong.append(
                Diagnostic(
                    "BM405",
                    f"model `{d.name.text}` has no argument `{name}`",
                    d.name.span,
                    helps=(hint,),
                )
            )
    values: dict[str, int | float | None] = {}
    for a in d.arguments:
        if a.name.text in values:
            wrong.append(
                Diagnostic(
                    "BM104",
                    f"`{a.name.text}` is declared twice",
                    a.name.span,
                    helps=("give one of them another name",),
                )
            )
        if a.name.text in given:
            values[a.name.text] = given[a.name.text]
        else:
            try:
                values[a.name.text] = None if a.default is None else constant(a.default, values)
            except BmError as error:
                wrong.extend(error.diagnostics)
                values[a.name.text] = None
    return values


def declared_groups(
    d: t.ModelDefinition, values: Bindings, vocabulary: Vocabulary, wrong: list[Diagnostic]
) -> tuple[dict[str, Group], set[str]]:
    """The groups of units that it declares, by name, and the names of those whose declarations are
    wrong, for which others stand in.
    """
    groups: dict[str, Group] = {}
    doubtful: set[str] = set()
    for u in (s for s in d.statements if isinstance(s, t.UnitDeclaration)):
        try:
            if u.name.text in groups or u.name.text in values:
                raise fail(
                    "BM104",
                    f"`{u.name.text}` is declared twice",
                    u.name.span,
                    help="give one of them another name",
                )
            kind = u.type.function
            if kind.text not in vocabulary.units:
                meant = {x: n for n, w in vocabulary.units.items() for x in (n, *w.also)}
                close = meant.get(near(kind.text.lower(), meant) or "")
                hint = (
                    f"did you mean `{close}`?" if close else f"known: {', '.join(vocabulary.units)}"
                )
                raise fail("BM105", f"unknown unit type `{kind.text}`", kind.span, help=hint)
            word = vocabulary.units[kind.text]
            found = options(word.name, word.options, u.type, values, {})
            shape = tuple(length(x, values) for x in u.shape)
            states = found[word.states] if word.states else word.components
            units = prod(n for n in (*shape, states) if isinstance(n, int))
            if units > MAX_LENGTH:
                raise fail(
                    "BM408",
                    f"a group of {units:,} units is too large",
                    u.span,
                    help=f"at most {MAX_LENGTH:,}",
                )
            chosen = tuple(found.items())
            groups[u.name.text] = Group(
                u.name.text,
                u.role,
                shape,
                word.name,
                chosen,
                states,  # type: ignore[arg-type]  # a length
                u.span,
            )
        except BmError as error:
            wrong.extend(error.diagnostics)
            doubtful.add(u.name.text)
            groups.setdefault(u.name.text, stand_in(u, values, vocabulary.units))
    return groups, doubtful


def declared_parameters(
    d: t.ModelDefinition, groups: Mapping[str, Group], values: Bindings, wrong: list[Diagnostic]
) -> dict[str, t.ParameterDeclaration]:
    """The parameters that it declares, each under a name that nothing else has."""
    declared: dict[str, t.ParameterDeclaration] = {}
    for p in (s for s in d.statements if isinstance(s, t.ParameterDeclaration)):
        name = p.name.text
        if name in declared or name in groups or name in values:
            wrong.append(
                Diagnostic(
                    "BM104",
                    f"`{name}` is declared twice",
                    p.name.span,
                    helps=("give one of them another name",),
                )
            )
        declared[name] = p
    return declared


def declared_graphs(
    d: t.ModelDefinition,
    values: Bindings,
    folder: Path | None,
    groups: Mapping[str, Group],
    taken: set[str],
    wrong: list[Diagnostic],
    kept: Kept,
) -> dict[str, Graph]:
    """The graphs that it declares; those that are `kept` are not read from their files."""
    graphs: dict[str, Graph] = {}
    wanted = nodes_wanted(d, groups)
    for g in (s for s in d.statements if isinstance(s, t.GraphDeclaration)):
        try:
            if g.name.text in graphs or g.name.text in taken:
                raise fail(
                    "BM104",
                    f"`{g.name.text}` is declared twice",
                    g.name.span,
                    help="give one of them another name",
                )
            graphs[g.name.text] = build_graph(
                g, values, folder, kept.graphs.get(g.name.text), wanted.get(g.name.text)
            )
        except BmError as error:
            wrong.extend(error.diagnostics)
            graphs.setdefault(g.name.text, Graph(g.name.text, None))
    return graphs
