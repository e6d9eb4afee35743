"""The nearest neighbours' vote."""

from __future__ import annotations

from typing import Any

from ..language.vocabulary import Word

WORD = Word("knn", summary="the vote of the k nearest neighbours; k by validation")
GRID = (1, 3, 5, 10)


def make(value: int) -> Any:
    """The classifier with k = `value`."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(n_neighbors=int(value))
