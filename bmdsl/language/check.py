"""Definition → Model: names, shapes and ranges resolved.

All errors of a model are raised at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from . import tree as t
from .constants import Bindings, length
from .data_block import data_block
from .declarations import (
    declared_arguments,
    declared_graphs,
    declared_groups,
    declared_parameters,
)
from .diagnostics import BmError, Diagnostic, fail
from .doubtful import names_in, of_text
from .experts import finished
from .limits import MAX_GROUPS, MAX_SETTINGS, MAX_TERMS, too_deep, verify_counts
from .lints import lints
from .model import (
    Argument,
    Graph,
    Group,
    Length,
    Model,
    ParameterFactor,
    Term,
    UnitFactor,
)
from .older_words import respelled
from .outside import Kept
from .parameters import checked_parameter
from .readings import verify_readings, words
from .scopes import named, origin
from .self_pairs import without_self_pairs
from .shapes import (
    letter_ranges,
    nested,
    parameter_shapes,
    verify_bound,
    verify_parameter_ranges,
    verify_ranges,
    verify_symmetric,
)
from .sugar import unknown_layers
from .terms import Lowering, Product, factors, letters_of, outer_letters
from .training_block import training
from .vocabulary import Vocabulary
from .windows import verify_windows

LIMIT = 20


def choose(
    definitions: Sequence[t.ModelDefinition | t.StackDefinition], name: str | None
) -> t.ModelDefinition | t.StackDefinition:
    """The definition of this name, or the last one: a file builds up to it."""
    if not definitions:
        raise fail("BM102", "the text defines no model", help="model NAME { ... }")
    if name is None:
        return definitions[-1]
    for d in definitions:
        if d.name.text == name:
            return d
    raise fail(
        "BM103",
        f"there is no model `{name}` in this text",
        help=f"it defines {', '.join(d.name.text for d in definitions)}",
    )


def check(
    definition: t.ModelDefinition,
    arguments: Mapping[str, float],
    vocabulary: Vocabulary,
    folder: Path | None = None,
    kept: Kept | None = None,
) -> Model:
    """The checked model. BmError with all diagnostics, at most 20.

    Graphs that are `kept` are not read from their files.
    """
    verify_counts(_counts(definition))
    definition, older = respelled(definition, vocabulary)
    wrong: list[Diagnostic] = []
    values = declared_arguments(definition, arguments, wrong)
    wrong += unknown_layers(definition)
    groups, doubtful = declared_groups(definition, values, vocabulary, wrong)
    declared = declared_parameters(definition, groups, values, wrong)
    count = len(wrong)
    graphs = declared_graphs(
        definition, values, folder, groups, {*groups, *declared, *values}, wrong, kept or Kept()
    )
    doubtful_graphs = (
        {n for n, g in graphs.items() if g.nodes is None} if len(wrong) > count else set()
    )
    nodes: dict[str, Length] = {
        n: f"nodes of {n}" if g.nodes is None else g.nodes for n, g in graphs.items()
    }
    edges: dict[str, Length] = {
        n: f"edges of {n}" if g.edges is None else len(g.edges) for n, g in graphs.items()
    }
    shapes: dict[str, tuple[Length, ...] | None] = {}
    for n, p in declared.items():
        try:
            shapes[n] = None if p.shape is None else tuple(length(x, values) for x in p.shape)
        except BmError as error:
            wrong.extend(error.diagnostics)
            doubtful.add(n)
    lowering = Lowering(groups, declared, values, vocabulary.units)
    terms: list[Term] = []
    # parameters that another declaration hides, or that act in terms which could not be made
    unsure = set(declared) & {*groups, *values}
    said: set[str] = set()
    names_known = {*groups, *declared, *values}
    statements = [s for s in definition.statements if isinstance(s, t.EnergyStatement)]
    if not statements:
        wrong.append(
            Diagnostic(
                "BM308",
                f"model `{definition.name.text}` has no energy",
                definition.name.span,
                helps=("energy = - b[i] v[i]",),
            )
        )
    known = {n: s for n, s in shapes.items() if s is not None}
    for before, a in (
        (before, a)
        for s in statements
        for before, a in zip((None, *s.addends), s.addends, strict=False)
    ):
        if len(wrong) > LIMIT:
            break
        try:
            used = {x.text: x for x in names_in(a.expression)}
            new = [x for n, x in used.items() if n not in names_known]
            wrong += [lowering.unknown(x) for x in new if x.text not in said]
            said |= {x.text for x in new}
            doubted = doubtful & set(used) or doubtful_graphs & {
                c.graph.text for c in a.clauses if isinstance(c, t.EdgeRange)
            }
            if new:  # each may be meant for a parameter that is declared
                unsure |= set(declared)
                continue
            verify_bound(before, a, values)
            lowered = _terms(a, lowering, values, known, nodes, graphs)
            terms += () if doubted else lowered
            unsure |= set(used) if doubted else set()
        except RecursionError:
            wrong.extend(too_deep(a.span).diagnostics)
            unsure |= set(declared)
        except BmError as error:
            wrong.extend(of_text(error) if doubted else error.diagnostics)
            unsure |= {x.text for x in names_in(a.expression, functions=True)}
    found, bad = parameter_shapes(shapes, terms, edges, declared, unsure)
    wrong += bad
    for term in terms:
        if {f.parameter for part, _ in nested(term) for f in part.parameters} <= set(found):
            try:
                verify_parameter_ranges(term, found, graphs)
                verify_windows(term, groups)
            except BmError as error:
                wrong.extend(error.diagnostics)
    parameters = []
    for name, p in declared.items():
        try:
            parameters.append(checked_parameter(p, found.get(name, ()), values, groups, folder))
        except BmError as error:
            wrong.extend(error.diagnostics)
    wrong += [d for p in parameters if p.name in found and (d := verify_symmetric(p))]
    names = {"parameter": tuple(declared), "group": tuple(groups)}
    blocks = [s for s in definition.statements if isinstance(s, t.TrainBlock)]
    wrong += [Diagnostic("BM516", "a model has one train block", b.span) for b in blocks[1:]]
    block = blocks[0] if blocks else None
    trained = training(block, vocabulary, values, names, wrong)
    wrong += _untransformed(block, groups)
    tables = [s for s in definition.statements if isinstance(s, t.DataBlock)]
    table = data_block(tables, groups, folder, wrong)
    if table is not None and table.path is not None and trained.data is None:
        trained = replace(trained, data=table.path)
    apart: tuple[Term, ...] = ()
    for term in terms:
        try:
            apart += tuple(without_self_pairs(term, groups, vocabulary.units))
        except BmError as error:
            wrong.extend(error.diagnostics)
    if wrong:
        raise BmError(*wrong[:LIMIT])
    made = tuple(Argument(a.name.text, values[a.name.text], a.span) for a in definition.arguments)
    model = Model(
        definition.name.text,
        made,
        tuple(groups.values()),
        tuple(parameters),
        tuple(terms),
        tuple(graphs.values()),
        trained,
        table=table,
    )
    told = (*(name.warning for name in older), *lints(definition, model))
    return replace(model, terms=apart, lints=told)


def _counts(d: t.ModelDefinition) -> Iterator[tuple[str, int, list[Any]]]:
    """What a definition may have a bounded number of."""
    yield "unit group", MAX_GROUPS, [s for s in d.statements if isinstance(s, t.UnitDeclaration)]
    energy = [s for s in d.statements if isinstance(s, t.EnergyStatement)]
    yield "term", MAX_TERMS, [a for s in energy for a in s.addends]
    declared = [s for s in d.statements if isinstance(s, t.ParameterDeclaration)]
    yield "parameter", MAX_TERMS, declared
    blocks = [s for s in d.statements if isinstance(s, t.TrainBlock)]
    yield "setting", MAX_SETTINGS, [s for b in blocks for s in b.settings]


def _untransformed(block: t.TrainBlock | None, groups: Mapping[str, Group]) -> Iterator[Diagnostic]:
    """Groups named in `transform(...)` whose data no transform can be for."""
    for g in (g for s in (block.settings if block else ()) for g in s.groups):
        group = groups.get(g.text)
        if group is not None and (group.role == "hidden" or group.states is not None):
            why = "hidden" if group.role == "hidden" else "one-of-K: its data are no measurements"
            helps = ("name a visible or given group of numbers",)
            yield Diagnostic("BM526", f"`{g.text}` is {why}", g.span, helps=helps)


def _terms(
    a: t.Addend,
    lowering: Lowering,
    values: Bindings,
    shapes: Mapping[str, tuple[Length, ...]],
    nodes: Mapping[str, Length],
    graphs: Mapping[str, Graph],
) -> list[Term]:
    out = []
    verify_readings(a.expression, values)
    products = lowering.products(a.expression)
    taken = words(a.expression) | {*values, *lowering.groups, *lowering.parameters}
    flat = [f for p in products for f in factors(p)]
    everything = Product(
        parameters=tuple(f for f in flat if isinstance(f, ParameterFactor)),
        units=tuple(f for f in flat if isinstance(f, UnitFactor)),
    )
    whole = {
        x.name: x
        for x in letter_ranges(everything, a.clauses, lowering.groups, nodes, values, shapes)
    }
    written = {origin(x) for x in whole}
    for c in a.clauses:
        if not isinstance(c, t.LetterRange) and (
            missing := {c.first.text, c.second.text} - written
        ):
            raise fail(
                "BM214",
                f"letter `{min(missing)}` of the `for` clause stands in no subscript",
                a.clauses[0].span,
            )
    for p in products:
        outer = outer_letters(p)
        letters = tuple(whole[x] for x in sorted(outer))
        merged = lowering.merged(p)
        sign = -1.0 if a.sign == "-" else 1.0
        expert = None
        if p.expert is not None:
            if p.units:
                raise fail(
                    "BM318",
                    "an expert is multiplied by numbers and parameters only",
                    p.units[0].span,
                    help="put the unit inside, or write a term of its own",
                )
            expert = finished(p.expert, outer, whole, letters_of, lowering.merged)
        joined = lowering.scopes.conditions(a.clauses, letters_of(p))
        if not isfinite(merged.coefficient):
            raise fail("BM406", "the constants of this product are no finite number", a.span)
        term = named(
            Term(
                sign * merged.coefficient,
                merged.parameters,
                merged.units,
                letters,
                joined,
                expert,
                merged.text,
                a.span,
            ),
            taken,
        )
        verify_ranges(term, lowering.groups, graphs)
        out.append(term)
    return out
