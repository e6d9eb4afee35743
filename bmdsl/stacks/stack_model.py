"""A stack's text: models one on top of another, each with what feeds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .. import driver
from ..language.imports import Whole, self_contained
from ..language.model import Model as CheckedModel
from ..language.overrides import Override, override_stack
from ..language.source import Source
from ..language.tree import Setting, StackDefinition
from ..model import Model


@dataclass(frozen=True)
class Layer:
    """A model of a stack; `group` of the layer `below` feeds it."""

    name: str
    model: Model
    below: str | None
    group: str | None


class StackModel:
    """A stack's text: what `bmdsl.load_stack` returns."""

    kind: type[Model] = Model
    """What the models of the layers are."""

    def __init__(
        self,
        source: Source,
        name: str | None = None,
        folder: Path | None = None,
        settings: Mapping[str, Override] | None = None,
        *,
        whole: Whole | None = None,
    ) -> None:
        self.source, self.folder, self._name, self.settings = (
            source,
            folder,
            name,
            dict(settings or {}),
        )
        self.whole = whole if whole is not None else driver.whole_of(driver.tree_of(source))
        tree = self.whole.file
        written = driver.stack_definition_of(tree, name)
        self.text = self_contained(self.whole, written)
        """The stack's text without imports: what of them it uses is written out."""
        definition = override_stack(written, self.settings)
        self.checked = driver.stack_of(definition, tree, folder)
        own = {
            s.name.text: s.span.text.strip().removeprefix(s.name.text).strip()
            for s in definition.train
            if isinstance(s, Setting)
        }
        self.layers = tuple(
            Layer(
                part.name,
                _handle(self.kind, definition, part.name, part.model, self.whole).bind(own),
                part.below,
                part.group,
            )
            for part in self.checked.parts
        )

    def __repr__(self) -> str:
        """`Stack digits: front, back`."""
        return f"Stack {self.name}: {', '.join(x.name for x in self.layers)}"

    @property
    def name(self) -> str:
        return self.checked.name

    def bind(self, settings: Mapping[str, Override] | None = None) -> Self:
        """The same stack with these settings in every layer's train block."""
        return type(self)(
            self.source,
            self._name,
            self.folder,
            {**self.settings, **(settings or {})},
            whole=self.whole,
        )


def _handle(
    kind: type[Model], definition: StackDefinition, name: str, checked: CheckedModel, whole: Whole
) -> Model:
    """The handle of a layer's model, with the arguments that the stack gives it; its text may be
    another file's.
    """
    layer = next(x for x in definition.layers if x.name.text == name)
    found = next(d for d in whole.file.definitions if d.name.text == layer.model.function.text)
    source = found.name.span.source
    arguments = {a.name: a.value for a in checked.arguments if a.value is not None}
    return kind(source, arguments, found.name.text, Path(source.name).parent, whole=whole)
