"""Which words of a text are one name: where it is declared, and where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..language import tree as t
from ..language.source import Span

KINDS = {
    t.UnitDeclaration: "group",
    t.ParameterDeclaration: "parameter",
    t.GraphDeclaration: "graph",
    t.ArgumentDeclaration: "argument",
}


@dataclass(frozen=True)
class NamedThing:
    """A name with all its places in the text.

    `kind`: model, stack, layer, group, parameter, graph, argument or letter; `node` is what
    declares it, None for a letter.
    """

    name: str
    kind: str
    declared: Span
    uses: tuple[Span, ...]
    """Every place, the declaration's among them, in order."""
    owner: t.ModelDefinition | t.StackDefinition | None = None
    node: object = None


def things(file: t.File) -> Iterator[NamedThing]:
    """Everything that the file itself declares."""
    for d in file.definitions:
        kind = "model" if isinstance(d, t.ModelDefinition) else "stack"
        yield _thing(d.name, kind, _uses_of_definition(file, d.name.text), None, d)
        if isinstance(d, t.ModelDefinition):
            yield from _of_model(file, d)
        else:
            yield from _of_stack(d)


def thing_at(file: t.File, offset: int) -> NamedThing | None:
    """The name at a place; the end of a word counts as the word."""
    for found in things(file):
        if any(span.start <= offset <= span.end for span in found.uses):
            return found
    return None


def renamed(file: t.File, thing: NamedThing, new: str) -> list[tuple[Span, str]]:
    """The places of a rename with what stands there after it.

    Parameters that `layers` and `bias` name by their groups (`b_v`, `W_v_h`) follow a group's name.
    """
    edits = [(span, new) for span in thing.uses]
    if thing.kind != "group" or not isinstance(thing.owner, t.ModelDefinition):
        return edits
    derived: dict[str, str] = {}
    for x in thing.owner.statements:
        if not isinstance(x, t.LayersStatement | t.BiasStatement):
            continue
        groups = [n.text for n in x.groups]
        after = [new if n == thing.name else n for n in groups]
        derived |= {f"b_{a}": f"b_{b}" for a, b in zip(groups, after, strict=True)}
        if isinstance(x, t.LayersStatement):
            old, made = pairwise(groups), pairwise(after)
            derived |= {
                f"W_{a}_{b}": f"W_{c}_{d}" for (a, b), (c, d) in zip(old, made, strict=True)
            }
    own = [*_references(thing.owner)]
    own += [n.name for n in _walk(thing.owner.statements) if isinstance(n, t.ParameterDeclaration)]
    spans = {n.span.start: (n.span, derived[n.text]) for n in own if n.text in derived}
    return edits + [(span, text) for span, text in spans.values() if span.text != text]


def _thing(
    name: t.Name,
    kind: str,
    uses: list[Span],
    owner: t.ModelDefinition | t.StackDefinition | None,
    node: object,
) -> NamedThing:
    spans = {span.start: span for span in (name.span, *uses)}
    ordered = tuple(spans[k] for k in sorted(spans))
    return NamedThing(name.text, kind, name.span, ordered, owner, node)


def _uses_of_definition(file: t.File, name: str) -> list[Span]:
    """Layers of stacks that are of this model."""
    return [
        layer.model.function.span
        for d in file.definitions
        if isinstance(d, t.StackDefinition)
        for layer in d.layers
        if layer.model.function.text == name
    ]


def _of_stack(stack: t.StackDefinition) -> Iterator[NamedThing]:
    for layer in stack.layers:
        uses = [x.below.span for x in stack.layers if x.below and x.below.text == layer.name.text]
        yield _thing(layer.name, "layer", uses, stack, layer)


def _named_in_stacks(file: t.File, model: str, group: str) -> list[Span]:
    """`h` of `on lower.h`, where the layer `lower` is of this model."""
    out = []
    for d in file.definitions:
        if not isinstance(d, t.StackDefinition):
            continue
        models = {layer.name.text: layer.model.function.text for layer in d.layers}
        out += [
            layer.group.span
            for layer in d.layers
            if layer.group is not None
            and layer.below is not None
            and layer.group.text == group
            and models.get(layer.below.text) == model
        ]
    return out


def _of_model(file: t.File, model: t.ModelDefinition) -> Iterator[NamedThing]:
    declared = [*model.arguments, *model.statements]
    names: set[str] = set()
    for node in _walk(tuple(declared)):
        kind = KINDS.get(type(node))  # type: ignore[arg-type]  # any node may be asked for
        if kind is None:
            continue
        name: t.Name = node.name  # type: ignore[attr-defined]  # all of KINDS have one
        if name.text not in names:
            names.add(name.text)
            uses = [n.span for n in _references(model) if n.text == name.text]
            if kind == "group":
                uses += _named_in_stacks(file, model.name.text, name.text)
            yield _thing(name, kind, uses, model, node)
    for addend in _walk(model.statements):
        if isinstance(addend, t.Addend):
            yield from _letters(addend, model, names)


def _letters(
    addend: t.Addend, model: t.ModelDefinition, declared: set[str]
) -> Iterator[NamedThing]:
    """Letters live in their addend: the first place stands for a declaration."""
    by_name: dict[str, list[t.Name]] = {}
    for n in _references(addend):
        if n.text not in declared:
            by_name.setdefault(n.text, []).append(n)
    for found in by_name.values():
        first = min(found, key=lambda n: n.span.start)
        yield _thing(first, "letter", [n.span for n in found], model, None)


def _references(x: object) -> Iterator[t.Name]:
    """Names that stand for something declared: not functions, options, settings or unit types."""
    match x:
        case t.Call():
            yield from _references(tuple(a.value for a in x.arguments))
        case t.Setting():
            yield from _references((x.target, x.values))
        case t.ArgumentDeclaration() | t.ModelDefinition():
            for child in t.children(x):
                if child is not x.name:
                    yield from _references(child)
        case t.ParameterDeclaration():
            words = tuple(m for m in x.modifiers if isinstance(m, t.Call))
            yield from _references((x.shape, x.init, words))
        case t.UnitDeclaration():
            yield from _references((x.shape, x.type))
        case t.Name():
            yield x
        case _:
            for child in t.children(x):
                yield from _references(child)


def _walk(x: object) -> Iterator[object]:
    yield x
    for child in t.children(x):
        yield from _walk(child)
