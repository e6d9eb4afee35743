"""Which parameters are plain biases and plain couplings of two groups, read off the
model's terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .forms import TermForm, form_of
from .letters import Letters, einsum_names
from .model import Model, Term


@dataclass(frozen=True)
class Bias:
    """−E holds scale · Σ b[i] x[i]."""

    parameter: str
    scale: float


@dataclass(frozen=True)
class SharedBias:
    """−E holds scale · Σ b[k] x[k, …]; `letters` are those of the group and of the parameter, for
    einsum.
    """

    parameter: str
    scale: float
    letters: tuple[str, str]


@dataclass(frozen=True)
class Coupling:
    """−E holds scale · Σ W[ij] x[i] y[j]; `letters` are those of the parameter and of the two
    groups, for einsum.
    """

    parameter: str
    scale: float
    groups: tuple[str, str]
    letters: tuple[str, str, str]


def bias_of(model: Model, group: str) -> Bias | None:
    """The group's own trained bias, one entry a unit, that no other unit's term uses; None where it
    has none.
    """
    return next(
        (Bias(x.parameter, x.scale) for x in _biases(model, group) if x.letters[0] == x.letters[1]),
        None,
    )


def shared_bias_of(model: Model, group: str) -> SharedBias | None:
    """As `bias_of`; else one that units of the group share, as those of one feature map do; None
    where it has none.
    """
    found = _biases(model, group)
    return next((x for x in found if x.letters[0] == x.letters[1]), found[0] if found else None)


def _biases(model: Model, group: str) -> list[SharedBias]:
    found = []
    for term in model.terms:
        if [u.group for u in term.units] != [group]:
            continue
        form = form_of(model, term)
        pair = _letters(form)
        if form.linear is None or pair is None or model.parameter(form.linear).fixed:
            continue
        inside, unit = pair
        uses = [
            t
            for t in model.terms
            if t.units and any(q.parameter == form.linear for q in t.parameters)
        ]
        if set(inside) <= set(unit) and len(uses) == 1:
            names = einsum_names(unit)
            found.append(
                SharedBias(
                    form.linear, form.scale, (_spelled(unit, names), _spelled(inside, names))
                )
            )
    return found


def coupling_of(model: Model, term: Term) -> Coupling | None:
    """The term as a coupling of two groups with one weight for each pair (or local pair) of units;
    None if it is not one.
    """
    if len(term.units) != 2 or term.units[0].group == term.units[1].group:
        return None
    form = form_of(model, term)
    three = _letters(form)
    if form.linear is None or three is None or set(three[0]) != set(three[1]) | set(three[2]):
        return None
    names = einsum_names(three[0])
    both, left, right = (_spelled(letters, names) for letters in three)
    return Coupling(
        form.linear, form.scale, (term.units[0].group, term.units[1].group), (both, left, right)
    )


def _letters(form: TermForm) -> tuple[Letters, ...] | None:
    """Of the one parameter and of each unit, its axes' letters; None if one is reached by index
    arithmetic or in part.
    """
    found = (*form.parameter_letters, *form.unit_letters)
    return None if None in found else tuple(x for x in found if x is not None)


def _spelled(letters: Letters, names: Mapping[str, str]) -> str:
    return "".join(names[x] for x in letters)


@dataclass(frozen=True)
class LayerWeights:
    """A coupling between two layers: a weight vector for every unit of `upper`, the group further
    from the visible units, over `axes` of the parameter.
    """

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
    """Every group's layer: how many couplings lie between it and the visible groups; groups that
    none reaches are left out. Given groups count as 0.
    """
    out = {g.name: 0 for g in model.groups if g.role != "hidden"}
    rim = list(out)
    while rim:
        near = {
            u.group for t in model.terms for u in t.units if any(v.group in rim for v in t.units)
        } - set(out)
        depth = out[rim[0]] + 1
        out |= dict.fromkeys(sorted(near), depth)
        rim = [n for n in out if out[n] == depth and n in near]
    return out
