"""Any model of one visible group, or of a table's columns, as a transformer and a density."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .. import BmError
from .base import Boltzmann, as_value_error
from .jacobian import log_jacobian
from .sources import BINARY, GAUSSIAN


class BoltzmannMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, Boltzmann):
    """A Boltzmann machine from its energy: features E[h | v], and log P(v) in nats.

    `source`: a `.bm` file, a shipped model's name, a text, or a `bmdsl.Model`; by default binary
    units for data of 0 and 1, else real numbers with learned variances, below binary hidden units.
    Further keyword arguments are the model's (`H=20`) or settings of its train block (`epochs=10`).
    `columns` is a data block for data frames, `v = a..c  id = id`.

    >>> make_pipeline(BoltzmannMachine("rbm", H=50, epochs=20), LogisticRegression())
    """

    text = GAUSSIAN

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains a new machine on X, [cases, features] or a data frame; y is of no account.

        Warns where independent units or one Gaussian describe X better than the machine.
        """
        X = self._cases(X, reset=True)
        self._look_at(X)
        self._tell(self._train(X, self._model(), {}).doubt)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One epoch more on X, from where the machine is; the first call makes it. What transforms
        learned stays as it was.
        """
        first = not hasattr(self, "machine_")
        X = self._cases(X, reset=first)
        if first:
            self._look_at(X)
            self._train(X, self._model(), {"epochs": 1})
        else:
            self._trained(X, {"epochs": 1, "seed": self.machine_.seed})
        return self

    def _look_at(self, X: Any) -> None:
        """Whether the default's units are to be binary ones."""
        self.binary_ = not self._is_table(X) and bool(
            (X == 0).any() and (X == 1).any() and ((X == 0) | (X == 1) | np.isnan(X)).all()
        )

    def _default(self) -> str:
        return BINARY if getattr(self, "binary_", False) else self.text

    def _tell(self, doubt: str) -> None:
        """Warns of a machine that a simple model beats, with what can be done about it."""
        if not doubt:
            return
        ways = "more hidden units (`H`) or `epochs`"
        if "Gaussian" in doubt and self.machine_.model.table is None:
            ways += (
                '; as a density, `transform="standardize, whiten(ridge = 0.001)"` begins with one'
                " Gaussian and learns what that misses, all that its features tell then"
            )
        warnings.warn(f"{doubt} of the training data: {ways}", stacklevel=3)

    def transform(self, X: Any) -> np.ndarray:
        """Hidden means E[h | v]: [cases, hidden units]; of what was seen, where values are
        missing.
        """
        check_is_fitted(self, "machine_")
        X = self._cases(X, reset=False)
        states = self._states(X)
        with as_value_error():
            made = self._fitted.transform(states)
        return np.asarray(made, getattr(X, "dtype", np.float64))

    def score_samples(self, X: Any) -> np.ndarray:
        """log P of every case in nats, a density in the units of X: exact where log Z is, else by
        annealed importance sampling, run once.
        """
        check_is_fitted(self, "machine_")
        X = self._cases(X, reset=False)
        states = self._states(X)
        with as_value_error():
            free = np.asarray(self._fitted.free_energy(**states), np.float64)
            return log_jacobian(self._fitted, X) - free - self._log_partition(states)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`."""
        return float(np.mean(self.score_samples(X)))

    def gibbs(self, v: Any) -> np.ndarray:
        """Visible states after one Gibbs sweep from v: up to the hidden units and down again."""
        check_is_fitted(self, "machine_")
        v = self._cases(v, reset=False)
        states = self._states(v)
        count = len(next(iter(states.values())))
        with as_value_error():
            drawn = self._fitted.sample(count, steps=1, init=states)
        return self._back(drawn)

    def sample(self, n_samples: int = 1, steps: int = 1000) -> Any:
        """Cases of the machine, each the end of a chain of its own: [n_samples, features]; a table
        of the columns by name where the machine was trained on one.
        """
        check_is_fitted(self, "machine_")
        drawn = self._fitted.sample(n_samples, steps=steps)
        if self._fitted.model.table is not None:
            return self._fitted.as_table(drawn)
        return self._back(drawn)

    def _back(self, states: dict[str, np.ndarray]) -> np.ndarray:
        """The first visible group in the units of the data, where the transforms can be undone."""
        values = states[self._first]
        try:
            values = np.asarray(self._fitted.restore({self._first: values})[self._first])
        except BmError:  # a transform without an inverse: the machine's own units
            pass
        return values.reshape(len(values), -1)

    def _log_partition(self, states: dict[str, np.ndarray]) -> float:
        """log Z, found once a training."""
        if not hasattr(self, "log_partition_"):
            try:
                self.log_partition_ = float(self._fitted.log_partition("exact"))
            except BmError:
                self.log_partition_ = float(self._fitted.log_partition("ais", data=states))
        return self.log_partition_

    @property
    def _n_features_out(self) -> int:
        return sum(
            int(np.prod([int(n) for n in g.axes]))
            for g in self._fitted.model.groups
            if g.role == "hidden"
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
