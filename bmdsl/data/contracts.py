"""What the file of a transform must define, and what it may: modules that the registry finds under
`bmdsl.data.transforms`. `WORD` says its name and options, which each function takes by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np

    from ..language.vocabulary import Word

    Array = np.ndarray
    Learned = Mapping[str, Array]
    Parts = Callable[[], Iterator[tuple[Array, Array | None]]]


class Transform(Protocol):
    """What is done to data before the machine sees them."""

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
