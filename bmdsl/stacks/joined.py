"""The models of a stack as one model: their groups, parameters, graphs and terms side by side.

What the first layer sees keeps its name, for data are given by it; every other word of a layer's
model is called `LAYER_WORD`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..language.diagnostics import fail
from ..language.model import Expert, Model, StackPart, Term
from ..schedule.routines.contrastive import LayerGroups

Names = Mapping[str, str]
"""Word of a layer's model → what it is called in that of the whole stack."""


@dataclass(frozen=True)
class Joined:
    """A stack as one model."""

    model: Model
    layers: tuple[LayerGroups, ...]
    """The groups of each layer, and what feeds them."""
    names: tuple[Names, ...]
    """Of each layer the words of its groups, parameters and graphs."""


def joined(name: str, parts: Sequence[StackPart]) -> Joined:
    """The layers as one model, each below those that it feeds.

    Raises BM865 if a group has another shape than the one that feeds it, while lengths are open.
    """
    taken: set[str] = set()
    names: list[Names] = []
    layers: list[LayerGroups] = []
    of: dict[str, Names] = {}
    for part in parts:
        groups = part.model.groups
        data = [g.name for g in groups if g.role != "hidden"] if not names else []
        words = [
            *(g.name for g in groups),
            *(p.name for p in part.model.parameters),
            *(g.name for g in part.model.graphs),
        ]
        of[part.name] = _names(part.name, words, data, taken)
        names.append(of[part.name])
        layers.append(_layer(part, of, parts))
    models = [_renamed(part.model, own) for part, own in zip(parts, names, strict=True)]
    whole = Model(
        name,
        (),
        tuple(g for m in models for g in m.groups),
        tuple(p for m in models for p in m.parameters),
        tuple(t for m in models for t in m.terms),
        tuple(g for m in models for g in m.graphs),
    )
    return Joined(whole, tuple(layers), tuple(names))


def _names(layer: str, words: Iterable[str], data: Sequence[str], taken: set[str]) -> Names:
    """The words' names, no two alike."""
    out: dict[str, str] = {}
    for word in words:
        found = first = word if word in data else f"{layer}_{word}"
        number = 2
        while found in taken:
            found, number = f"{first}_{number}", number + 1
        taken.add(found)
        out[word] = found
    return out


def _layer(part: StackPart, of: Mapping[str, Names], parts: Sequence[StackPart]) -> LayerGroups:
    own, groups = of[part.name], part.model.groups
    visible, hidden, given = (
        tuple(own[g.name] for g in groups if g.role == role)
        for role in ("visible", "hidden", "given")
    )
    fed: dict[str, str] = {}
    if part.below is not None:
        below = next(x.model for x in parts if x.name == part.below)
        source = below.group(str(part.group))
        target = next(g for g in groups if g.role == "visible")
        if source.axes != target.axes:
            raise fail(
                "BM865",
                f"`{part.below}.{source.name}` and `{target.name}` of `{part.name}` have lengths"
                " without a value",
                help="give the layers' arguments values",
            )
        fed[own[target.name]] = of[part.below][source.name]
    elif part is not parts[0]:  # another layer of the data
        fed = {own[g.name]: g.name for g in groups if g.role != "hidden"}
    return LayerGroups(visible, hidden, given, fed)


def _renamed(model: Model, names: Names) -> Model:
    return replace(
        model,
        groups=tuple(replace(g, name=names[g.name]) for g in model.groups),
        parameters=tuple(replace(p, name=names[p.name]) for p in model.parameters),
        terms=tuple(_renamed_term(t, names) for t in model.terms),
        graphs=tuple(replace(g, name=names[g.name]) for g in model.graphs),
    )


def _renamed_term(term: Term, names: Names) -> Term:
    return replace(
        term,
        parameters=tuple(replace(p, parameter=names[p.parameter]) for p in term.parameters),
        units=tuple(replace(u, group=names[u.group]) for u in term.units),
        conditions=tuple(
            c if c.graph is None else replace(c, graph=names[c.graph]) for c in term.conditions
        ),
        expert=None if term.expert is None else _renamed_expert(term.expert, names),
    )


def _renamed_expert(expert: Expert, names: Names) -> Expert:
    return replace(
        expert,
        addends=tuple(_renamed_term(t, names) for t in expert.addends),
        inner=None if expert.inner is None else _renamed_expert(expert.inner, names),
    )
