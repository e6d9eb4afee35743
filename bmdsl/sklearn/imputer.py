"""Missing values filled in by what a machine has learned."""

from __future__ import annotations

from copy import copy
from typing import Any, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .base import Boltzmann, as_value_error
from .sources import GAUSSIAN


class BoltzmannImputer(OneToOneFeatureMixin, TransformerMixin, Boltzmann):
    """An imputer: NaN becomes the value's mean given what was seen of its row.

    Training draws or sums out what is missing, so rows with gaps count too. `steps`: Gibbs sweeps
    of each row with gaps, of which the second half is averaged. `source` and further arguments are
    those of `BoltzmannMachine`.
    """

    text = GAUSSIAN

    def __init__(
        self,
        source: Any = None,
        *,
        steps: int = 200,
        columns: str | None = None,
        random_state: Any = None,
        dtype: str = "float64",
        **arguments: Any,
    ) -> None:
        super().__init__(
            source, columns=columns, random_state=random_state, dtype=dtype, **arguments
        )
        self.steps = steps

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains a new machine on X, gaps and all."""
        X = self._cases(X, reset=True)
        self._train(X, self._model(), {})
        return self

    def transform(self, X: Any) -> Any:
        """X with NaN filled in, all else as it was; a data frame with a data block as such."""
        check_is_fitted(self, "machine_")
        X = self._cases(X, reset=False)
        if self._is_table(X):
            return copy(self._fitted).table(X).impute(self.steps)
        gaps = np.isnan(X)
        if not gaps.any():
            return X.copy()
        rows = gaps.any(1)
        machine = copy(self._fitted)  # whose draws are the same in every call
        with as_value_error():
            states = self._states(X[rows])
            filled = machine.impute(states, None, self.steps)
            if isinstance(filled, dict):
                filled = filled[self._first]
            back = machine.restore({self._first: filled})[self._first]
        out = X.copy()
        out[gaps] = np.asarray(back, X.dtype).reshape(len(back), -1)[gaps[rows]]
        return out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
