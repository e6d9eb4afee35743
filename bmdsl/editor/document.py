"""A text as an editor has it: what is wrong in it, and its tree and models as far as they go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .. import driver
from ..language.diagnostics import BmError, Diagnostic
from ..language.model import Model as CheckedModel
from ..language.source import Source
from ..language.tree import File, ModelDefinition
from ..model import Model


@dataclass(frozen=True)
class Document:
    """`path`: where the text is kept, for its imports and graphs."""

    text: str
    path: Path | None = None

    @cached_property
    def source(self) -> Source:
        """With the path, where there is one: imports are looked for beside it."""
        name = "<text>" if self.path is None else self.path.name
        return Source(name, self.text, "" if self.path is None else str(self.path))

    @cached_property
    def _parsed(self) -> tuple[File | None, tuple[Diagnostic, ...]]:
        try:
            return driver.tree_of(self.source), ()
        except BmError as error:
            return None, error.diagnostics

    @property
    def tree(self) -> File | None:
        """None while the syntax is wrong."""
        return self._parsed[0]

    @cached_property
    def models(self) -> dict[str, CheckedModel]:
        """Checked models by name, those that are right."""
        return self._checked[0]

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors and lints of all definitions, each once."""
        return tuple(dict.fromkeys((*self._parsed[1], *self._checked[1])))

    @cached_property
    def _checked(self) -> tuple[dict[str, CheckedModel], list[Diagnostic]]:
        if self.tree is None:
            return {}, []
        folder = None if self.path is None else self.path.parent
        try:
            whole = driver.whole_of(self.tree)
        except BmError as error:
            return {}, list(error.diagnostics)
        models: dict[str, CheckedModel] = {}
        wrong: list[Diagnostic] = []
        for d in self.tree.definitions:
            try:
                if isinstance(d, ModelDefinition):
                    made = Model(self.source, {}, d.name.text, folder, whole=whole)
                    models[made.name] = made.checked
                    wrong += made.checked.lints
                    driver.plan_of(made.checked)
                else:
                    driver.stack_of(d, self.tree, folder)
            except BmError as error:
                wrong += error.diagnostics
        return models, wrong

    def offset(self, line: int, column: int) -> int:
        """The place of a line and a column, both from 0; columns count UTF-16 units, as the
        protocol does.
        """
        lines = self.text.splitlines(keepends=True)
        if line >= len(lines):
            return len(self.text)
        at = sum(map(len, lines[:line]))
        for c in lines[line].rstrip("\r\n"):
            if column <= 0:
                break
            column -= 2 if ord(c) > 0xFFFF else 1
            at += 1
        return at

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a place, as `offset` takes them."""
        before = self.text[:offset]
        last = before.rfind("\n") + 1
        return before.count("\n"), sum(2 if ord(c) > 0xFFFF else 1 for c in before[last:])
