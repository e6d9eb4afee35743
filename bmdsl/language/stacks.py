"""Stacks: models one on top of another, each fed by the means of a hidden group of one below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from . import tree as t
from .check import check
from .constants import constant
from .diagnostics import BmError, Diagnostic, counted, fail, near
from .model import Group, Model, Stack, StackPart
from .older_words import respelled_stack
from .outside import folder_of
from .training_block import training
from .vocabulary import Vocabulary

Definitions = Sequence[t.ModelDefinition | t.StackDefinition]
WORDS = ("jointly", "greedily")


def check_stack(
    stack: t.StackDefinition,
    definitions: Definitions,
    vocabulary: Vocabulary,
    folder: Path | None = None,
) -> Stack:
    """The checked stack. BmError with all that is wrong in it or in the models as it uses them."""
    wrong: list[Diagnostic] = []
    parts: dict[str, StackPart] = {}
    if not stack.layers:
        wrong.append(
            Diagnostic(
                "BM620",
                f"stack `{stack.name.text}` has no layer",
                stack.name.span,
                helps=("front : rbm(D = 784, H = 500)",),
            )
        )
    for layer in stack.layers:
        try:
            if layer.name.text in parts:
                raise fail(
                    "BM104",
                    f"`{layer.name.text}` is declared twice",
                    layer.name.span,
                    help="give one of them another name",
                )
            parts[layer.name.text] = _part(layer, parts, definitions, vocabulary, folder)
        except BmError as error:
            wrong.extend(d for d in error.diagnostics if d not in wrong)
    stack, older = respelled_stack(stack, vocabulary)
    words, settings = _train(stack, wrong)
    block = t.TrainBlock(settings, stack.span) if settings else None
    trained = training(block, vocabulary, {}, {"parameter": (), "group": ()}, wrong)
    if wrong:
        raise BmError(*wrong)
    jointly = "jointly" in words
    lints = (
        *(lint for p in parts.values() for lint in p.model.lints),
        *(name.warning for name in older),
    )
    return Stack(
        stack.name.text,
        tuple(parts.values()),
        jointly,
        "greedily" in words or not jointly,
        trained,
        lints,
    )


def _train(
    stack: t.StackDefinition, wrong: list[Diagnostic]
) -> tuple[set[str], tuple[t.Setting, ...]]:
    words = [w for w in stack.train if isinstance(w, t.Name)]
    for w in words:
        if w.text not in WORDS:
            close = near(w.text, WORDS)
            hint = (
                f"did you mean `{close}`?"
                if close
                else f"one of {', '.join(WORDS)}, or a setting with its value"
            )
            wrong.append(
                Diagnostic("BM621", f"a stack is not trained `{w.text}`", w.span, helps=(hint,))
            )
    return {w.text for w in words}, tuple(s for s in stack.train if isinstance(s, t.Setting))


def _part(
    layer: t.StackLayer,
    below: Mapping[str, StackPart],
    definitions: Definitions,
    vocabulary: Vocabulary,
    folder: Path | None,
) -> StackPart:
    models = {d.name.text: d for d in definitions if isinstance(d, t.ModelDefinition)}
    kind = layer.model.function
    if kind.text not in models:
        close = near(kind.text, models)
        raise fail(
            "BM622",
            f"unknown model `{kind.text}`",
            kind.span,
            help=(
                f"did you mean `{close}`?"
                if close
                else 'define it in this file, or `import "other.bm"`'
            ),
        )
    definition = models[kind.text]
    arguments = _arguments(layer, definition)
    source = None if layer.below is None else _source(layer, below)
    folder = folder_of(definition.name.span, folder)
    model = check(definition, arguments, vocabulary, folder)
    if source is not None:
        seen = next((g for g in model.groups if g.role == "visible"), None)
        if seen is None:
            raise fail("BM623", f"model `{kind.text}` has no visible group to feed", layer.span)
        found = _open_lengths(seen, source, model)
        if found:
            model = check(definition, {**arguments, **found}, vocabulary, folder)
            seen = next(g for g in model.groups if g.role == "visible")
        if seen.axes != source.axes and all(isinstance(n, int) for n in (*seen.axes, *source.axes)):
            assert layer.below is not None
            raise fail(
                "BM624",
                f"`{layer.below.text}.{source.name}` has shape {_shape(source)}, but `{seen.name}`"
                f" of `{layer.name.text}` has {_shape(seen)}",
                layer.span,
                help="the means of the one are the data of the other",
            )
        _verify_means(layer, source, seen, vocabulary)
    return StackPart(
        layer.name.text,
        model,
        None if layer.below is None else layer.below.text,
        None if layer.group is None else layer.group.text,
    )


def _verify_means(layer: t.StackLayer, source: Group, seen: Group, vocabulary: Vocabulary) -> None:
    """BmError BM628 where means of the group below can be what no unit of the visible group is."""
    below, above = _ends(source, vocabulary), _ends(seen, vocabulary)
    if (
        layer.below is None
        or below is None
        or above is None
        or (above[0] <= below[0] and below[1] <= above[1])
    ):
        return
    raise fail(
        "BM628",
        f"means of `{layer.below.text}.{source.name}` run from {below[0]:g} to {below[1]:g}, but"
        f" `{seen.name}` of `{layer.name.text}`, {seen.unit}, takes {above[0]:g} to {above[1]:g}",
        layer.span,
        help="give both groups the same type of units; `gaussian` takes any mean",
    )


def _ends(g: Group, vocabulary: Vocabulary) -> tuple[float, float] | None:
    ends = vocabulary.units[g.unit].ends
    values = [v for _, v in g.options]
    return (
        None
        if ends is None or not all(isinstance(v, int | float) for v in values)
        else ends(*(float(v) for v in values))
    )


def _arguments(layer: t.StackLayer, definition: t.ModelDefinition) -> dict[str, float]:
    names = [a.name.text for a in definition.arguments]
    given: dict[str, float] = {}
    for k, a in enumerate(layer.model.arguments):
        if a.name is None and k >= len(names):
            raise fail(
                "BM625",
                f"model `{definition.name.text}` takes {counted(len(names), 'argument')}",
                a.span,
            )
        name = names[k] if a.name is None else a.name.text
        if name in given:
            raise fail(
                "BM625", f"argument `{name}` of `{definition.name.text}` is given twice", a.span
            )
        if name not in names:
            close = near(name, names)
            raise fail(
                "BM625",
                f"model `{definition.name.text}` has no argument `{name}`",
                a.span,
                help=(
                    f"did you mean `{close}`?"
                    if close
                    else f"its arguments are {', '.join(names) or 'none'}"
                ),
            )
        value = constant(a.value, {})
        assert value is not None
        given[name] = value
    return given


def _source(layer: t.StackLayer, below: Mapping[str, StackPart]) -> Group:
    assert layer.below is not None and layer.group is not None
    if layer.below.text not in below:
        close = near(layer.below.text, below)
        hint = (
            f"did you mean `{close}`?"
            if close
            else f"layers below it: {', '.join(below) or 'none'}"
        )
        raise fail(
            "BM626",
            f"there is no layer `{layer.below.text}` below `{layer.name.text}`",
            layer.below.span,
            help=hint,
        )
    hidden = {g.name: g for g in below[layer.below.text].model.groups if g.role == "hidden"}
    if layer.group.text not in hidden:
        close = near(layer.group.text, hidden)
        hint = (
            f"did you mean `{close}`?"
            if close
            else f"its hidden groups are {', '.join(hidden) or 'none'}"
        )
        raise fail(
            "BM627",
            f"`{layer.below.text}` has no hidden group `{layer.group.text}`",
            layer.group.span,
            help=hint,
        )
    return hidden[layer.group.text]


def _open_lengths(seen: Group, source: Group, model: Model) -> dict[str, float]:
    pairs = zip(seen.axes, source.axes, strict=False)
    return {
        a: float(b) if not isinstance(b, int) else b
        for a, b in pairs
        if isinstance(a, str) and a in model.unbound and isinstance(b, int)
    }


def _shape(g: Group) -> str:
    return f"[{', '.join(map(str, g.axes))}]"
