"""A model of features and a class, which predicts by the exact P(y | v)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .base import Boltzmann, as_value_error
from .sources import LABELLED


class BoltzmannClassifier(ClassifierMixin, Boltzmann):
    """A classifier: the machine learns P(v, y), and P(y | v) follows exactly, hidden units summed
    out (Larochelle & Bengio 2008).

    `source`: a model with one visible one-of-K unit for the class and another visible group for the
    features; by default real numbers with learned variances. Further keyword arguments are the
    model's (`H=20`) or settings of its train block (`epochs=10`).
    """

    text = LABELLED

    def fit(self, X: Any, y: Any) -> Self:
        """Trains a new machine on features and classes."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )
        X = X.toarray() if hasattr(X, "toarray") else X
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        model = self._model()
        features, label = _groups(model)
        self.feature_group_, self.class_group_ = features, label
        if len(self.classes_) == 1:  # nothing to tell apart
            self.__dict__.pop("machine_", None)
            return self
        one_hot = np.eye(len(self.classes_))[codes]
        self._train({features: X, label: one_hot}, model, {})
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(y | v), [cases, classes]; of what was seen, where values are missing."""
        check_is_fitted(self, "classes_")
        X = self._cases(X, reset=False)
        if len(self.classes_) == 1:
            return np.ones((len(X), 1))
        machine = self._fitted
        with as_value_error():
            label = np.eye(len(self.classes_))[np.zeros(len(X), int)]
            states = machine.prepare({self.feature_group_: X, self.class_group_: label})
            found = machine.posterior(**{self.feature_group_: states[self.feature_group_]})
        p = np.asarray(found[self.class_group_], np.float64)
        return p / p.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of every case."""
        p = self.predict_proba(X)
        return np.asarray(self.classes_)[p.argmax(1)]

    def _is_table(self, X: Any) -> bool:
        return False


def _groups(model: Any) -> tuple[str, str]:
    """The groups of the features and of the class."""
    visible = [g for g in model.checked.groups if g.role != "hidden"]
    label = [g.name for g in visible if g.states is not None and not g.shape]
    others = [g.name for g in visible if g.name not in label[-1:]]
    if not label or len(others) != 1:
        raise ValueError(
            "a classifier's model has a one-of-K unit for the class and one group of features, as"
            " `visible v[D] : gaussian  visible y : categorical(K)`"
        )
    return others[0], label[-1]
