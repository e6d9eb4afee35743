"""Overriding a train block from outside (`--set train.batch=50`, `train(..., batch=50)`): parsed and checked as the language itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .language.diagnostics import fail
from .language.parse import parse
from .language.source import Source, Span
from .language.tree import ModelDefinition, Name, Setting, StackDefinition, TrainBlock

Override = str | int | float | bool


def override(definition: ModelDefinition, settings: Mapping[str, Override]) -> ModelDefinition:
    """The definition with these settings of its train block replaced or added; a value is written as in the file."""
    if not settings:
        return definition
    new, span = _parsed(settings)
    names = {s.name.text for s in new}
    statements = []
    found = False
    for statement in definition.statements:
        if isinstance(statement, TrainBlock):
            found = True
            kept = tuple(s for s in statement.settings if s.name.text not in names)
            statement = replace(statement, settings=(*kept, *new))
        statements.append(statement)
    if not found:
        statements.append(TrainBlock(new, span))
    return replace(definition, statements=tuple(statements))


def override_stack(definition: StackDefinition, settings: Mapping[str, Override]) -> StackDefinition:
    """The same for a stack's own train block."""
    if not settings:
        return definition
    new, _ = _parsed(settings)
    names = {s.name.text for s in new}
    return replace(definition, train=(*(s for s in definition.train if isinstance(s, Name) or s.name.text not in names), *new))


def _parsed(settings: Mapping[str, Override]) -> tuple[tuple[Setting, ...], Span]:
    lines = [f"{name} {_written(value)}" for name, value in settings.items()]
    tree = parse(Source("<settings>", "model settings {\n  train {\n    " + "\n    ".join(lines) + "\n  }\n}\n"))
    parsed = tree.definitions[0]
    assert isinstance(parsed, ModelDefinition)
    return tuple(s for block in parsed.statements if isinstance(block, TrainBlock) for s in block.settings), parsed.span


def parse_assignment(text: str) -> tuple[str, str]:
    """`train.batch=50` → ("batch", "50")."""
    name, sign, value = text.partition("=")
    if not sign or not value.strip():
        raise fail("BM866", f"`--set {text}` is not of the form `train.NAME=VALUE`", help="for instance `--set train.batch=50`")
    return name.strip().removeprefix("train."), value.strip()


def _written(value: Override) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
