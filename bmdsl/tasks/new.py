"""A model's file copied under another name: what `bm new` does."""

from __future__ import annotations

from pathlib import Path

from ..language.diagnostics import fail
from ..language.parse import parse
from ..language.source import Source
from ..language.tree import ModelDefinition
from ..model import read_source


def copy_model(like: str, target: Path) -> Path:
    """Copies a file of one model under a new name, comments and all; never over a file that is
    there. Returns the new file.
    """
    path = target.with_name(target.name.removesuffix(".bm") + ".bm")
    name = path.name.removesuffix(".bm")
    source, _ = read_source(like)
    text = source.text
    models = [d for d in parse(source).definitions if isinstance(d, ModelDefinition)]
    if len(models) != 1:
        raise fail("BM906", f"`{like}` has {len(models)} models, one is needed to copy")
    span = models[0].name.span
    new = text[: span.start] + name + text[span.end :]
    verify_name(name)
    return write_new(path, new)


def verify_name(name: str) -> None:
    """BmError BM907 for what is no name of a model."""
    if not name.isidentifier():
        raise fail(
            "BM907",
            f"`{name}` is not a name for a model",
            help="letters, digits and `_`, a letter first",
        )


def write_new(path: Path, new: str) -> Path:
    """Writes a text of the language that must parse into a new file.

    BmError BM908 where there is one, BM909 where it cannot be written.
    """
    parse(Source(str(path), new))  # a reserved word is no name
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(new)
    except FileExistsError:
        raise fail(
            "BM908", f"`{path}` exists already", help="choose another name, or remove the file"
        ) from None
    except OSError as error:
        raise fail("BM909", f"`{path}` cannot be written: {error.strerror}") from None
    return path
