"""Lints: what is legal but seldom meant.

One function a lint, found in the table at the end; each is a warning with a code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from . import tree as t
from .coverage import untouched_entries, untouched_units, uses_of
from .diagnostics import Diagnostic
from .forms import Form, form_of
from .model import Model, Term, UnitFactor
from .readings import words
from .shapes import nested
from .source import Span


def lints(definition: t.ModelDefinition, model: Model) -> tuple[Diagnostic, ...]:
    """Every warning of a checked model, in the order of the table."""
    return tuple(d for lint in LINTS for d in lint(definition, model))


def _warning(
    code: str, message: str, span: Span | None, help: str = "", label: str = ""
) -> Diagnostic:
    return Diagnostic(code, message, span, label, (help,) if help else (), level="warning")


def _parts(model: Model) -> Iterator[tuple[Term, Term]]:
    """(whole term, itself or an addend of its expert)."""
    for term in model.terms:
        for part, _ in nested(term):
            yield term, part


def _unused_argument(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    used = set(_names(definition.statements)) | {
        x for a in definition.arguments for x in _names(a.default)
    }
    for a in definition.arguments:
        if a.name.text not in used:
            yield _warning(
                "BM950",
                f"argument `{a.name.text}` is used nowhere",
                a.name.span,
                "remove it, or use it",
            )


def _names(x: object) -> Iterator[str]:
    """Every name without subscripts in a part of the tree."""
    if isinstance(x, t.Ref):
        yield x.name.text
        yield from _names(x.subscripts)
        return
    for y in t.children(x):
        yield from _names(y)


def _unused_weights(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    read = {str(p.init.arguments[0]) for p in model.parameters if p.init.kind == "file"}
    for g in model.graphs:
        if (
            g.weighted
            and g.origin is not None
            and not any(Path(x).resolve() == Path(g.origin.path) for x in read)
        ):
            name = Path(g.origin.path).name
            yield _warning(
                "BM966",
                f"the edges of `{name}` have weights, which no parameter starts from",
                g.span,
                f'`param J init "{name}"` for a `J[i,j]` under `for <i,j> in {g.name}`',
            )


def _unused_parameter(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    used = {p.parameter for _, part in _parts(model) for p in part.parameters}
    for p in model.parameters:
        if p.name not in used:
            yield _warning(
                "BM951",
                f"parameter `{p.name}` acts in no term",
                p.span,
                "use it in the energy, or remove it",
            )


def _untouched_group(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    used = {u.group for _, part in _parts(model) for u in part.units}
    for g in model.groups:
        if g.name not in used:
            yield _warning(
                "BM952",
                f"no term touches `{g.name}`: its units are independent of everything",
                g.span,
                "use it in the energy, or remove it",
            )


def _untouched_unit(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    uses = uses_of(model).groups
    for g in model.groups:
        count, first = untouched_units(model, g, uses[g.name])
        if count:
            shown = ",".join(map(str, first))
            yield _warning(
                "BM953",
                f"no term touches {count} units of `{g.name}`, the first is `{g.name}[{shown}]`",
                g.span,
            )


def _never_trained(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    acting = {
        p.parameter
        for term, part in _parts(model)
        if term.coefficient and (term.units or term.expert)
        for p in part.parameters
    }
    named = {p.parameter for _, part in _parts(model) for p in part.parameters}
    for p in model.parameters:
        if p.name in named - acting and not p.fixed:
            yield _warning(
                "BM954",
                f"parameter `{p.name}` is never trained: it acts in no term with units, so its"
                " gradient is 0",
                p.span,
            )


def _self_pairs(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    addends = {
        a.span: a.expression
        for s in definition.statements
        if isinstance(s, t.EnergyStatement)
        for a in s.addends
    }
    for term in model.terms:
        conditioned = {frozenset((c.first, c.second)) for c in term.conditions}
        for a, b in combinations(term.units, 2):
            if a.group == b.group and _meets_itself(a, b, conditioned):
                i, j = next(
                    (x.letter, y.letter)
                    for x, y in zip(a.subscripts, b.subscripts, strict=True)
                    if x.letter != y.letter
                )
                addend = addends.get(term.span) if term.span is not None else None
                if addend is None or not {i, j} <= words(
                    addend
                ):  # the square of a sum: every pair is meant
                    continue
                yield _warning(
                    "BM955",
                    f"this term counts every pair of `{a.group}` twice, and every unit with itself",
                    term.span,
                    f"add `for {i} < {j}`; or keep it, if that is meant",
                )


def _meets_itself(a: UnitFactor, b: UnitFactor, conditioned: set[frozenset[str]]) -> bool:
    pairs = [(x.letter, y.letter) for x, y in zip(a.subscripts, b.subscripts, strict=True)]
    if any(x is None or y is None for x, y in pairs) or all(x == y for x, y in pairs):
        return False
    return not any(frozenset((x or "", y or "")) in conditioned for x, y in pairs)


def _wrapped_pairs(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    for term in model.terms:
        if (
            len(term.units) != 2
            or term.units[0].group != term.units[1].group
            or term.conditions
            or term.expert
        ):
            continue
        shape = model.group(term.units[0].group).axes
        if all(isinstance(n, int) for n in shape) and _steps_back(term, [int(n) for n in shape]):
            message = (
                f"this term counts every pair of `{term.units[0].group}` twice: `wrap` on so short"
                " an axis comes back to where it started"
            )
            help = (
                "a graph has each bond once, as `grid(2, 2, periodic = true)` with `<i,j> in G`; or"
                " keep it, if twice is meant"
            )
            yield _warning("BM961", message, term.span, help)


def _steps_back(term: Term, shape: list[int]) -> bool:
    """Whether two units are the same number of places apart both ways around, each letter running
    over its whole axis.
    """
    apart = []
    for a, b, n in zip(*(u.subscripts for u in term.units), shape, strict=True):
        if (
            a.letters != b.letters
            or (len(a.letters) == 1 and abs(a.letters[0][1]) != 1)
            or len(a.letters) > 1
        ):
            return False
        if a.constant != b.constant and "wrap" not in (a.edge, b.edge):
            return False
        letter = next((x for x in term.letters if a.letters and x.name == a.letters[0][0]), None)
        if letter is not None and (letter.start, letter.stop) != (0, n):
            return False
        apart.append((a.constant - b.constant) % n)
    return any(apart) and all(2 * d % n == 0 for d, n in zip(apart, shape, strict=True))


def _bias_twice(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, int], tuple[Term, str]] = {}
    for term in model.terms:
        if len(term.units) != 1 or len(term.parameters) != 1 or term.expert or term.conditions:
            continue
        unit, parameter = term.units[0], term.parameters[0]
        letters = [s.letter for s in unit.subscripts]
        if None in letters or letters != [s.letter for s in parameter.subscripts]:
            continue
        key = (unit.group, unit.power)
        if key in seen and seen[key][1] != parameter.parameter:
            yield _warning(
                "BM956",
                f"`{unit.group}` has a bias twice: `{seen[key][1]}` and `{parameter.parameter}` do"
                " the same",
                term.span,
                "remove one of them",
            )
        seen.setdefault(key, (term, parameter.parameter))


def _constant_term(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    for term in model.terms:
        if form_of(model, term).form is Form.CONSTANT:
            yield _warning(
                "BM957",
                "this term is constant in all units: it changes no probability",
                term.span,
                "remove it",
            )


def _temperature(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    for name in (x.group for x in model.training.temperature):
        g = model.group(name)
        if g.role != "hidden" or g.states is None:
            yield _warning(
                "BM958",
                f"`temperature {name}` has no effect: `{name}` is not a hidden one-of-K group, so"
                " it has no responsibilities",
                g.span,
            )


def _few_chains(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    chains, cores = dict(model.training.negative.options).get("chains"), os.cpu_count() or 1
    if isinstance(chains, int) and chains < cores:
        yield _warning(
            "BM959",
            f"{chains} chains for {cores} cores: some threads have none to move",
            model.training.negative.span,
            f"chains = {cores} costs no more time",
        )


def _idle_entries(definition: t.ModelDefinition, model: Model) -> Iterator[Diagnostic]:
    uses = uses_of(model).parameters
    for p in model.parameters:
        count, total, first = untouched_entries(model, p, uses[p.name])
        if 0 < count < total:
            shown = ",".join(map(str, first))
            square = len(p.shape) == 2 and p.shape[0] == p.shape[1]
            hint = "`symmetric` stores each pair once" if square and not p.symmetric else ""
            yield _warning(
                "BM960",
                f"{count} of {total} entries of `{p.name}` never act, the first is"
                f" `{p.name}[{shown}]`",
                p.span,
                hint,
            )


LINTS: tuple[Callable[[t.ModelDefinition, Model], Iterator[Diagnostic]], ...] = (
    _unused_argument,
    _unused_parameter,
    _untouched_group,
    _untouched_unit,
    _never_trained,
    _self_pairs,
    _wrapped_pairs,
    _bias_twice,
    _constant_term,
    _temperature,
    _few_chains,
    _idle_entries,
    _unused_weights,
)
