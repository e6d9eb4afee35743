"""Overriding a train block from outside (`--set train.batch=50`, `train(..., batch=50)`): parsed
and checked as the language itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .diagnostics import fail
from .parse import parse
from .source import Source, Span
from .tree import DataBlock, ModelDefinition, Name, Setting, StackDefinition, TrainBlock

Override = str | int | float | bool
COLUMNS = "columns"
"""The setting that stands for a data block: `v = smokes..tired  id = id`."""


def override(definition: ModelDefinition, settings: Mapping[str, Override]) -> ModelDefinition:
    """The definition with these settings of its train block replaced or added; a value is written
    as in the file.
    """
    if COLUMNS in settings:
        definition = _with_columns(definition, str(settings[COLUMNS]))
        settings = {n: x for n, x in settings.items() if n != COLUMNS}
    if not settings:
        return definition
    new, span = _parsed(settings)
    names = {s.key for s in new}
    statements = []
    found = False
    for statement in definition.statements:
        if isinstance(statement, TrainBlock):
            found = True
            kept = tuple(s for s in statement.settings if s.key not in names)
            statement = replace(statement, settings=(*kept, *new))
        statements.append(statement)
    if not found:
        statements.append(TrainBlock(new, span))
    return replace(definition, statements=tuple(statements))


def _with_columns(definition: ModelDefinition, text: str) -> ModelDefinition:
    """The definition with this data block in the place of its own; the file that its own names
    stays. BmError BM517 where the text is more than entries of one block.
    """
    tree = parse(Source("<columns>", f"model columns {{ data {{\n{text}\n}} }}\n"))
    blocks = [s for d in tree.definitions if isinstance(d, ModelDefinition) for s in d.statements]
    if len(tree.definitions) != 1 or len(blocks) != 1 or not isinstance(blocks[0], DataBlock):
        raise fail(
            "BM517",
            f"`{text}` is not a list of groups with their columns",
            help="as `--columns 'v = smokes..tired' --columns 'id = id'`",
        )
    own = [s for s in definition.statements if isinstance(s, DataBlock)]
    new = replace(blocks[0], path=own[0].path if own else None)
    others = tuple(s for s in definition.statements if not isinstance(s, DataBlock))
    return replace(definition, statements=(*others, new))


def override_stack(
    definition: StackDefinition, settings: Mapping[str, Override]
) -> StackDefinition:
    """The same for a stack's own train block."""
    if not settings:
        return definition
    new, _ = _parsed(settings)
    names = {s.name.text for s in new}
    return replace(
        definition,
        train=(
            *(s for s in definition.train if isinstance(s, Name) or s.name.text not in names),
            *new,
        ),
    )


def _parsed(settings: Mapping[str, Override]) -> tuple[tuple[Setting, ...], Span]:
    """Every setting read on its own.

    Raises BM517 if a value is more than one value: nothing of it is dropped, nothing else let in.
    """
    made: list[Setting] = []
    for name, value in settings.items():
        tree = parse(
            Source("<settings>", f"model settings {{ train {{\n{name} {_written(value)}\n}} }}\n")
        )
        blocks = [
            s for d in tree.definitions if isinstance(d, ModelDefinition) for s in d.statements
        ]
        found = blocks[0].settings if len(blocks) == 1 and isinstance(blocks[0], TrainBlock) else ()
        alone = (
            len(tree.definitions) == 1
            and not tree.imports
            and not tree.comments
            and len({s.name.span for s in found}) == 1
        )
        if not alone or "".join(found[0].key.split()) != "".join(name.split()):
            raise fail(
                "BM517",
                f"`{name} = {value}` is not one setting with its value",
                help="give each setting by itself: `--set train.batch=50`",
            )
        made += found
    span = made[0].span
    return tuple(made), span


def parse_assignment(text: str) -> tuple[str, str]:
    """`train.batch=50` → ("batch", "50")."""
    name, sign, value = text.partition("=")
    if not sign or not value.strip():
        raise fail(
            "BM866",
            f"`--set {text}` is not of the form `train.NAME=VALUE`",
            help="for instance `--set train.batch=50`",
        )
    return name.strip().removeprefix("train."), value.strip()


def _written(value: Override) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
