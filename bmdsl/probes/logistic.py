"""Logistic regression, multinomial, with a penalty on the squared weights."""

from __future__ import annotations

from typing import Any

from ..language.vocabulary import Word

WORD = Word("logistic", summary="logistic regression; C, the inverse of its penalty, by validation")
GRID = (0.01, 0.1, 1.0, 10.0)


def make(value: float) -> Any:
    """The classifier with C = `value`."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=value, max_iter=1000)
