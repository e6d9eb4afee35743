"""A linear support vector machine, one against the rest."""

from __future__ import annotations

from typing import Any

from ..language.vocabulary import Word

WORD = Word("svm", summary="a linear support vector machine; C by validation")
GRID = (0.001, 0.01, 0.1, 1.0)


def make(value: float) -> Any:
    """The classifier with C = `value`."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=value, dual=False, max_iter=2000)
