"""Which parameters are plain biases and plain couplings of two groups, read off the model's terms."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Model, Subscript, Term


@dataclass(frozen=True)
class Bias:
    """−E holds scale · Σ b[i] x[i]."""

    parameter: str
    scale: float


@dataclass(frozen=True)
class SharedBias:
    """−E holds scale · Σ b[k] x[k, …]; `letters` are those of the group and of the parameter, for einsum."""

    parameter: str
    scale: float
    letters: tuple[str, str]


@dataclass(frozen=True)
class Coupling:
    """−E holds scale · Σ W[ij] x[i] y[j]; `letters` are those of the parameter and of the two groups, for einsum."""

    parameter: str
    scale: float
    groups: tuple[str, str]
    letters: tuple[str, str, str]


def _letters(subscripts: tuple[Subscript, ...]) -> tuple[str, ...] | None:
    found = tuple(s.letter for s in subscripts)
    return None if None in found or len(set(found)) < len(found) else tuple(x for x in found if x)


def _plain(model: Model, term: Term, units: int) -> bool:
    return (
        len(term.units) == units
        and _is_whole(model, term)
        and len(term.parameters) == 1
        and term.parameters[0].power == 1
        and all(u.power == 1 for u in term.units)
        and not term.conditions
        and term.expert is None
    )


def _is_whole(model: Model, term: Term) -> bool:
    """Whether the term's letters run over whole axes of its units: no `for` clause leaves some units out."""
    ranges = {x.name: x for x in term.letters}
    axes = ((s.letter, n) for u in term.units for s, n in zip(u.subscripts, model.group(u.group).axes, strict=True))
    return all(x is None or (ranges[x].start == 0 and ranges[x].stop == n) for x, n in axes)


def bias_of(model: Model, group: str) -> Bias | None:
    """The group's own trained bias, one entry a unit, that no other unit's term uses; None where it has none."""
    return next((Bias(x.parameter, x.scale) for x in _biases(model, group) if x.letters[0] == x.letters[1]), None)


def shared_bias_of(model: Model, group: str) -> SharedBias | None:
    """As `bias_of`; else one that units of the group share, as those of one feature map do; None where it has none."""
    found = _biases(model, group)
    return next((x for x in found if x.letters[0] == x.letters[1]), found[0] if found else None)


def _biases(model: Model, group: str) -> list[SharedBias]:
    found = []
    for term in model.terms:
        if not _plain(model, term, 1) or term.units[0].group != group:
            continue
        p = term.parameters[0]
        inside, unit = _letters(p.subscripts), _letters(term.units[0].subscripts)
        if inside is not None and unit is not None and set(inside) <= set(unit) and not model.parameter(p.parameter).fixed:
            uses = [t for t in model.terms if t.units and any(q.parameter == p.parameter for q in t.parameters)]
            if len(uses) == 1:
                names = {x: chr(ord("a") + n) for n, x in enumerate(unit)}
                found.append(SharedBias(p.parameter, -term.coefficient, ("".join(names.values()), "".join(names[x] for x in inside))))
    return found


def coupling_of(model: Model, term: Term) -> Coupling | None:
    """The term as a coupling of two groups with one weight for each pair (or local pair) of units; None where it is not one."""
    if not _plain(model, term, 2) or term.units[0].group == term.units[1].group:
        return None
    p = term.parameters[0]
    three = [_letters(p.subscripts), *(_letters(u.subscripts) for u in term.units)]
    if any(x is None for x in three) or set(three[0] or ()) != set(three[1] or ()) | set(three[2] or ()):
        return None
    names = {x: chr(ord("a") + n) for n, x in enumerate(three[0] or ())}
    left, right, both = ("".join(names[x] for x in part or ()) for part in (three[1], three[2], three[0]))
    return Coupling(p.parameter, -term.coefficient, (term.units[0].group, term.units[1].group), (both, left, right))


@dataclass(frozen=True)
class LayerWeights:
    """A coupling between two layers: a weight vector for every unit of `upper`, the group further from the visible units, over `axes` of the parameter."""

    parameter: str
    groups: tuple[str, str]
    upper: str
    axes: tuple[int, ...]


def layer_weights(model: Model) -> dict[str, LayerWeights]:
    """Every parameter that is one weight for each pair of units of two groups."""
    depth, found = depths(model), {}
    for term in model.terms:
        c = coupling_of(model, term)
        if c is not None and c.parameter not in found:
            upper = max(c.groups, key=lambda g: depth.get(g, len(depth)))
            both, left, right = c.letters
            unit = left if upper == c.groups[0] else right
            axes = tuple(k for k, letter in enumerate(both) if letter not in unit)
            found[c.parameter] = LayerWeights(c.parameter, c.groups, upper, axes)
    return found


def depths(model: Model) -> dict[str, int]:
    """Every group's layer: how many couplings lie between it and the visible groups; groups that none reaches are left out. Given groups count as 0."""
    out = {g.name: 0 for g in model.groups if g.role != "hidden"}
    rim = list(out)
    while rim:
        near = {u.group for t in model.terms for u in t.units if any(v.group in rim for v in t.units)} - set(out)
        depth = out[rim[0]] + 1
        out |= dict.fromkeys(sorted(near), depth)
        rim = [n for n in out if out[n] == depth and n in near]
    return out
