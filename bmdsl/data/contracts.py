"""What the files of a transform and of a data format must define, and what they may: modules that
the registry finds under `bmdsl.data.transforms` and `bmdsl.data.readers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy as np

    from ..language.vocabulary import Word
    from .reading import Reading
    from .streams.rows import ShardRows

    Array = np.ndarray
    Learned = Mapping[str, Array]
    Parts = Callable[[], Iterator[tuple[Array, Array | None]]]


class Transform(Protocol):
    """What is done to data before the machine sees them. `WORD` says its name and options, which
    each function takes by name.
    """

    WORD: Word

    def apply(
        self, values: Array, generator: np.random.Generator, learned: Learned, **options: Any
    ) -> Array:
        """A new array for `values` [cases, *shape]; missing values (NaN) stay missing.

        `generator` is for a transform that draws.
        """


class TransformMay(Protocol):
    """What a transform may define besides."""

    MEANS: bool
    """Whether what comes out are means of units, not states."""

    def fit(self, values: Array, weights: Array | None, **options: Any) -> dict[str, Array]:
        """What it learns from the training cases, arrays by name: they are stored with the run and
        come back as `learned`. `weights` [cases] are None if all weigh the same.
        """

    def fit_parts(self, parts: Parts, **options: Any) -> dict[str, Array]:
        """What `fit` learns, from cases and their weights part after part, in one pass."""

    def invert(self, values: Array, learned: Learned, **options: Any) -> Array:
        """Transformed values in the data's own units."""


class Reader(Protocol):
    """What turns a file into an array. `WORD` says its suffix, without the dot."""

    WORD: Word
    KEYED: bool
    """Whether a file holds several arrays by name."""

    def read(self, path: Path, key: str | None) -> Array | Reading:
        """[cases, *shape] of numbers or booleans, NaN where a value is missing. `key` is what
        stands behind a colon in `file.h5:name`.

        What it raises as ValueError becomes a diagnostic with the file's name.
        """


class ReaderMay(Protocol):
    """What a reader may define besides."""

    ALSO: tuple[str, ...]
    """Further suffixes of the format."""
    GZIP: bool
    """Whether `.gz` behind the suffix is read too."""
    CURE: str
    """The help of an error."""

    def rows(self, path: Path, key: str | None) -> ShardRows:
        """The same part after part, for folders of shards: nothing is read yet."""

    def names(self, path: Path) -> list[str]:
        """The names of the arrays or columns that a file holds."""
