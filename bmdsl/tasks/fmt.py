"""Files rewritten in the one style: what `bm fmt` does."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from .. import driver
from ..files import put_text
from ..language.diagnostics import fail
from ..language.format import format
from ..language.older_words import older_names, rewritten
from ..language.parse import parse
from ..language.source import Source
from ..model import read_source


def models_in(paths: Iterable[Path]) -> list[Path]:
    """Files as they are, folders as the `.bm` files in them, in order.

    BmError BM905 for a folder that has none.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.bm")) if path.is_dir() else [path]
        if not inside:
            raise fail("BM905", f"the folder `{path}` has no `.bm` file")
        found += inside
    return list(dict.fromkeys(found))


def formatted_text(text: str, upgrade: bool = False) -> str:
    """A text in the one style, with older words in today's spelling if `upgrade`. BmError with its
    syntax errors.
    """
    return _tidy(Source("<stdin>", text), upgrade)


def formatted(path: Path, upgrade: bool = False) -> str | None:
    """The file in the one style, older words as in `formatted_text`; None where it is already."""
    if not path.is_file():
        raise fail(
            "BM905",
            f"there is no file `{path}`",
            help="`bm fmt` rewrites files of yours; a shipped model is copied by `bm new`",
        )
    source, _ = read_source(path)
    tidy = _tidy(source, upgrade)
    return None if tidy == source.text else tidy


def rewrite(path: Path, upgrade: bool = False) -> None:
    """Puts the file in the one style; who may read and write it stays."""
    text = formatted(path, upgrade)
    if text is not None:
        mode = stat.S_IMODE(path.stat().st_mode)
        put_text(path, text)
        path.chmod(mode)


def _tidy(source: Source, upgrade: bool) -> str:
    tree = parse(source)
    names = tuple(older_names(tree, driver.vocabulary())) if upgrade else ()
    return format(parse(Source(source.name, rewritten(source.text, names))) if names else tree)
