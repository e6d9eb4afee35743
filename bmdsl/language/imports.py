"""`import "other.bm"`: definitions of other files, relative to the importing one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..files import folder
from .diagnostics import BmError, Diagnostic, Label, fail
from .outside import is_file, read_source, verify_inside
from .parse import parse
from .source import Source
from .sugar import expand
from .tree import File, Import, ModelDefinition, StackDefinition

Definition = ModelDefinition | StackDefinition


class Whole(NamedTuple):
    """A file with the definitions of all that it imports in the place of its imports, and the texts
    read: its own first.
    """

    file: File
    sources: tuple[Source, ...]


def follow(file: File) -> Whole:
    """Imported definitions first, then the file's own, sugar written out; a file that is imported
    twice is taken once.

    BmError for a cycle, with its chain, or two definitions of one name.
    """
    sources: list[Source] = []
    definitions = _definitions(file, (), sources)
    by_name: dict[str, Definition] = {}
    for d in definitions:
        before = by_name.setdefault(d.name.text, d)
        if before is not d:
            raise BmError(
                Diagnostic(
                    "BM940",
                    f"`{d.name.text}` is defined twice",
                    d.name.span,
                    helps=("give one of them another name",),
                    others=(Label(before.name.span, "and here"),),
                )
            )
    return Whole(replace(file, imports=(), definitions=definitions), tuple(sources))


def load_definitions(file: File) -> tuple[Definition, ...]:
    """All definitions of a file and of what it imports."""
    return follow(file).file.definitions


def _definitions(
    file: File, chain: tuple[Path, ...], sources: list[Source]
) -> tuple[Definition, ...]:
    here = Path(file.source.file or file.source.name).resolve()
    chain = (*chain, here)
    sources.append(file.source)
    out: list[Definition] = []
    for one in file.imports:
        path = here.parent / one.path
        if not is_file(path):
            path = folder("models") / one.path  # a shipped one
        if not is_file(path):
            raise fail(
                "BM603",
                f"imported file `{one.path}` does not exist",
                one.span,
                note=f"looked in {here.parent} and among the shipped models",
            )
        verify_inside(path, one.span, folder("models"))
        if path.resolve() in chain:
            shown = " -> ".join(p.name for p in (*chain, path))
            raise fail("BM604", "files import one another in a circle", one.span, note=shown)
        if str(path.resolve()) in (s.file for s in sources):
            continue
        try:
            source = read_source(path, str(path), one.span)
        except OSError as error:
            raise fail(
                "BM911", f"`{one.path}` cannot be read: {error.strerror}", one.span
            ) from None
        out += _definitions(_parsed(source, one), chain, sources)
    return (*out, *expand(file).definitions)


def _parsed(source: Source, one: Import) -> File:
    """The tree of an imported text.

    Of a file that is no `.bm`, which a stranger's text may name, nothing is told but that it is no
    text of models: BM978.
    """
    bound = one.span.source.bound
    try:
        return parse(replace(source, bound=bound))
    except BmError:
        if bound is None and Path(source.file).suffix == ".bm":
            raise
        raise fail("BM978", f"`{one.path}` is no text of models", one.span) from None


def self_contained(whole: Whole, definition: Definition) -> str:
    """A text that means the same without any other: the file's own where it imports nothing, else
    what the definition reaches, in order.
    """
    if len(whole.sources) == 1:
        return whole.sources[0].text
    reached = {definition.name.text}
    if isinstance(definition, StackDefinition):
        reached |= {layer.model.function.text for layer in definition.layers}
    version = whole.file.language
    parts = [] if version is None else [f"language {version.version}\n"]
    for d in whole.file.definitions:
        if d.name.text in reached:
            source = d.span.source
            parts.append(f"# from {Path(source.name).name}\n{d.span.text}\n")
    return "\n".join(parts)
