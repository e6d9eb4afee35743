"""What a model takes from files besides its text, and what is kept of it: none is read twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .diagnostics import fail
from .source import Source, Span

if TYPE_CHECKING:
    import numpy as np

    from .model import Graph, Model

EDGES = "graph/"
"""Before a graph's name, the key of its edges beside the parameters: no name holds a slash."""
STATISTICS = "transform/"
"""Before `GROUP/PLACE/NAME`, the key of what a transform learned from the training cases, beside
the parameters.
"""


@dataclass(frozen=True)
class Origin:
    """A file that a model was made of: what it gave, its place, the SHA-256 of what was read."""

    kind: Literal["model", "import", "graph", "init", "units"]
    name: str
    path: str
    sha256: str

    def state(self) -> Literal["as it was", "edited since", "no longer there", "not known"]:
        """How the file is now."""
        if not self.path or not self.sha256:
            return "not known"
        try:
            return "as it was" if digest(Path(self.path)) == self.sha256 else "edited since"
        except OSError:
            return "no longer there"


@dataclass(frozen=True)
class Kept:
    """What was read from outside, to be used in its place, and where all came from."""

    graphs: Mapping[str, Graph] = field(default_factory=dict)
    starts: Mapping[str, np.ndarray] = field(default_factory=dict)
    origins: tuple[Origin, ...] | None = None
    """None: not a saved machine, so they are those of the files just read."""

    def beside(self, model: Model, arguments: bool) -> Kept:
        """This with the graphs that `model` has read.

        With other `arguments`, those drawn at random are drawn anew.
        """
        read = {
            g.name: g
            for g in model.graphs
            if g.stored and g.edges is not None and not (arguments and g.origin is None)
        }
        return replace(self, graphs=read)


_any_file: ContextVar[bool] = ContextVar("any_file", default=False)


@contextmanager
def any_file(allowed: bool = True) -> Iterator[None]:
    """Inside, a saved machine's text may name files outside its folder, where that is `allowed`."""
    token = _any_file.set(allowed or _any_file.get())
    try:
        yield
    finally:
        _any_file.reset(token)


def verify_inside(path: Path, span: Span | None, *folders: Path) -> None:
    """BmError BM977 for a file outside the folder that its text is bound to, and outside
    `folders`; links are followed first.
    """
    bound = span.source.bound if span is not None else None
    if bound is None or _any_file.get():
        return
    real = path.resolve()
    if not any(real.is_relative_to(folder.resolve()) for folder in (Path(bound), *folders)):
        raise fail(
            "BM977",
            f"the saved text names `{path}`, which is outside `{bound}`",
            span,
            help="if you trust where it comes from: `bm --allow-files ...`, `allow_files=True`",
        )


def is_file(path: Path) -> bool:
    """Whether a file stands there; not where the name is none that a file could have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder stands there; not where the name is none that a folder could have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_source(path: Path, name: str, span: Span | None = None) -> Source:
    """A text in UTF-8 with its SHA-256.

    BmError BM910 for another encoding; OSError where it cannot be read.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise fail(
            "BM910",
            f"`{name}` is not a text in UTF-8",
            span,
            note=f"byte {error.start} is no part of such a text",
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Source(name, text, str(path.resolve()), hashlib.sha256(content).hexdigest())


def folder_of(span: Span, otherwise: Path | None) -> Path | None:
    """The folder of the file that a definition stands in, which its paths are relative to."""
    return Path(span.source.file).parent if span.source.file else otherwise


def stored_edges(model: Model) -> dict[str, np.ndarray]:
    """Key → edges of every graph that a saved machine has to hold."""
    return {EDGES + g.name: g.edges for g in model.graphs if g.stored and g.edges is not None}
