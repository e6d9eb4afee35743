"""Which entries of a parameter and which units the terms of a model reach."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from .letters import Axis, Nest, letters_in, place_of, plain_letters, table
from .model import Group, Length, Letter, Model, Parameter, Subscript, Term
from .shapes import nested

if TYPE_CHECKING:
    import numpy as np

LIMIT = 1 << 21
"""Most values of a term's letters that are walked; past it nothing is reported."""

Place = tuple[int, ...]


Use = tuple[Term, dict[str, Letter], tuple[Subscript, ...]]
"""A term or an addend inside it, the ranges of its letters, and the subscripts there."""


class Uses(NamedTuple):
    """Where the terms of a model use its groups and its parameters, by name."""

    groups: dict[str, list[Use]]
    parameters: dict[str, list[Use]]


def uses_of(model: Model) -> Uses:
    """All terms walked once."""
    groups: dict[str, list[Use]] = {g.name: [] for g in model.groups}
    parameters: dict[str, list[Use]] = {p.name: [] for p in model.parameters}
    for whole in model.terms:
        for term, ranges in nested(whole):
            for u in term.units:
                groups[u.group].append((term, ranges, u.subscripts))
            for f in term.parameters:
                parameters[f.parameter].append((term, ranges, f.subscripts))
    return Uses(groups, parameters)


def untouched_units(model: Model, g: Group, uses: list[Use]) -> tuple[int, Place]:
    """Number of units that no term reaches, and the first; (0, ()) where some length is open, all
    are reached, or none is.
    """
    count, total, first = _missing(model, uses, g.axes)
    if g.states is None:
        return (count, first) if count < total else (0, ())
    return 0, ()


def untouched_entries(model: Model, p: Parameter, uses: list[Use]) -> tuple[int, int, Place]:
    """(entries that no term reaches, all entries, the first of them); a symmetric parameter's pairs
    count as both entries, its diagonal not.
    """
    if any(c.kind == "edge" for term, _, _ in uses for c in term.conditions):
        return 0, 0, ()
    return _missing(model, uses, p.shape, bool(p.symmetric))


def _missing(
    model: Model,
    uses: list[Use],
    axes: tuple[Length, ...],
    symmetric: bool = False,
) -> tuple[int, int, Place]:
    if not axes or not uses or not all(isinstance(n, int) for n in axes):
        return 0, 0, ()
    total = prod(int(n) for n in axes)
    if (
        any(_reaches_all(term, ranges, subscripts, axes) for term, ranges, subscripts in uses)
        or total > LIMIT
    ):
        return 0, total, ()
    import numpy as np

    reached = np.zeros(tuple(int(n) for n in axes), bool)
    if symmetric:
        np.fill_diagonal(reached, True)
    for term, ranges, subscripts in uses:
        if any(c.kind == "edge" for c in term.conditions) or not _mark(
            model, term, ranges, subscripts, reached
        ):
            return 0, total, ()
    if symmetric:
        reached |= reached.T
    missing = np.argwhere(~reached)
    return len(missing), total, tuple(int(x) for x in missing[0]) if len(missing) else ()


def _reaches_all(
    term: Term,
    ranges: Mapping[str, Letter],
    subscripts: tuple[Subscript, ...],
    axes: tuple[Length, ...],
) -> bool:
    """Each axis by a letter of its own over its whole length, and nothing that leaves
    values out.
    """
    letters = plain_letters(subscripts)
    if term.conditions or letters is None or _has_pads(term):
        return False
    return all(
        ranges[x].start == 0 and ranges[x].stop == n for x, n in zip(letters, axes, strict=True)
    )


def _has_pads(term: Term) -> bool:
    return any(s.edge == "pad" for u in term.units for s in u.subscripts)


def _mark(
    model: Model,
    term: Term,
    ranges: Mapping[str, Letter],
    subscripts: tuple[Subscript, ...],
    reached: np.ndarray,
) -> bool:
    """Marks the places this use reaches; False where there are too many values to walk, or a length
    is open.
    """
    import numpy as np

    units = tuple(s for u in term.units for s in u.subscripts)
    named = {
        *letters_in((*subscripts, *units)),
        *(x for c in term.conditions for x in (c.first, c.second)),
    }
    letters = tuple(ranges[x] for x in sorted(named))
    if (
        not all(isinstance(x.stop, int) for x in letters)
        or prod(max(0, int(x.stop) - x.start) for x in letters) > LIMIT
    ):
        return False
    settings = table(model, Nest((), letters, term.conditions))
    kept = np.ones(settings.count, bool)
    for u in term.units:
        for s, n in zip(u.subscripts, model.group(u.group).axes, strict=True):
            axis = Axis(s, n)
            if axis.pads and isinstance(n, int):
                kept &= axis.holds(axis.at(settings.letters))
    column, inside = place_of(subscripts, reached.shape).columns(settings.letters)
    reached.reshape(-1)[np.broadcast_to(column, kept.shape)[kept & inside]] = True
    return True
