"""Logistic regression, multinomial, with a penalty on the squared weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..language.vocabulary import Word

WORD = Word("logistic", summary="logistic regression; C, the inverse of its penalty, by validation")
GRID = (0.01, 0.1, 1.0, 10.0)
NEWTON = 2000
"""Most weights for whole Newton steps: they converge in a few where features are nearly copies of
one another, as free energies are.
"""


class Logistic:
    """The classifier with C = `value`; `fit` and `predict` as scikit-learn's."""

    def __init__(self, value: float) -> None:
        self.value = value

    def fit(self, x: np.ndarray, y: np.ndarray) -> Logistic:
        """Features [cases, width], labels [cases]."""
        from sklearn.linear_model import LogisticRegression

        few = x.shape[1] * len(np.unique(y)) <= NEWTON
        self.fitted = LogisticRegression(
            C=self.value, max_iter=1000, solver="newton-cholesky" if few else "lbfgs"
        ).fit(x, y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The most probable labels."""
        return np.asarray(self.fitted.predict(x))


def make(value: float) -> Any:
    """The classifier with C = `value`."""
    return Logistic(value)
