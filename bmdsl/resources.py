"""Where the grammar and the shipped models are: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from .language.diagnostics import fail, near

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """`grammar` or `models`, as a folder."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def find_model(name: str) -> Path:
    """A `.bm` file by its path, or a shipped model by its name; BmError if there is neither."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = {p.stem: p for p in sorted(folder("models").glob("*.bm"))}
    if name in shipped:
        return shipped[name]
    close = near(path.stem, shipped)
    hint = f"did you mean the shipped model `{close}`?" if close else f"shipped models: {', '.join(shipped)}"
    raise fail("BM920", f"there is no file `{name}`", help=hint)
