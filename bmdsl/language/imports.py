"""`import "other.bm"`: definitions of other files, relative to the importing one."""

from __future__ import annotations

from pathlib import Path

from ..resources import folder
from .diagnostics import BmError, Diagnostic, Label, fail
from .parse import parse
from .source import Source
from .sugar import expand
from .tree import File, ModelDefinition, StackDefinition

Definition = ModelDefinition | StackDefinition


def load_definitions(file: File) -> tuple[Definition, ...]:
    """Imported definitions first, then the file's own, sugar written out; what comes by two ways counts once.

    Raises BM104 if two definitions have one name, BM603 and BM604 if a file cannot be imported.
    """
    found: dict[str, Definition] = {}
    for d in _definitions(file, ()):
        known = found.setdefault(d.name.text, d)
        if (known.name.span.source.text, known.name.span.start) != (d.name.span.source.text, d.name.span.start):
            there = (Label(known.name.span, "the other"),)
            raise BmError(Diagnostic("BM104", f"`{d.name.text}` is defined twice", d.name.span, helps=("give one of them another name",), others=there))
    return tuple(found.values())


def _definitions(file: File, chain: tuple[Path, ...]) -> tuple[Definition, ...]:
    here = Path(file.source.name).resolve()
    chain = (*chain, here)
    out: list[Definition] = []
    for one in file.imports:
        path = here.parent / one.path
        if not path.is_file():
            path = folder("models") / one.path  # a shipped one
        if not path.is_file():
            raise fail("BM603", f"imported file `{one.path}` does not exist", one.span, note=f"looked in {here.parent} and among the shipped models")
        if path.resolve() in chain:
            shown = " -> ".join(p.name for p in (*chain, path))
            raise fail("BM604", "files import one another in a circle", one.span, note=shown)
        out += _definitions(parse(Source(str(path), path.read_text(encoding="utf-8"))), chain)
    return (*out, *expand(file).definitions)
