"""`import "other.bm"`: definitions of other files, relative to the importing one."""

from __future__ import annotations

from pathlib import Path

from ..resources import folder
from .diagnostics import fail
from .parse import parse
from .source import Source
from .sugar import expand
from .tree import File, ModelDefinition, StackDefinition


def load_definitions(file: File, chain: tuple[Path, ...] = ()) -> tuple[ModelDefinition | StackDefinition, ...]:
    """Imported definitions first, then the file's own, sugar written out. A cycle is an error that shows the chain."""
    here = Path(file.source.name).resolve()
    chain = (*chain, here)
    out: list[ModelDefinition | StackDefinition] = []
    for one in file.imports:
        path = here.parent / one.path
        if not path.is_file():
            path = folder("models") / one.path  # a shipped one
        if not path.is_file():
            raise fail("BM603", f"imported file `{one.path}` does not exist", one.span, note=f"looked in {here.parent} and among the shipped models")
        if path.resolve() in chain:
            shown = " -> ".join(p.name for p in (*chain, path))
            raise fail("BM604", "files import one another in a circle", one.span, note=shown)
        out += load_definitions(parse(Source(str(path), path.read_text(encoding="utf-8"))), chain)
    return (*out, *expand(file).definitions)
