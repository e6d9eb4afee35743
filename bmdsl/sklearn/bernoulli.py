"""scikit-learn's BernoulliRBM on this package's machine: the same parameters and attributes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .machine import BoltzmannMachine
from .sources import BERNOULLI


class BernoulliRBM(BoltzmannMachine):
    """A drop-in for `sklearn.neural_network.BernoulliRBM`: binary units trained by persistent
    contrastive divergence, data of [0, 1] taken as means.

    As there, `score_samples` is a pseudo-likelihood; `log_likelihood_samples` is the likelihood.
    Values outside of [0, 1] are warned of, and taken as 0 and 1.
    """

    text = BERNOULLI
    source = columns = None

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        verbose: int = 0,
        random_state: Any = None,
        dtype: str = "float64",
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.dtype = dtype

    def _cases(self, X: Any, reset: bool, sparse: bool = True) -> Any:
        """Data within [0, 1]."""
        X = super()._cases(X, reset, sparse)
        if ((X < 0) | (X > 1)).any():
            warnings.warn(
                "BernoulliRBM takes values of [0, 1], these run from"
                f" {np.nanmin(X):g} to {np.nanmax(X):g}: scale them, as by MinMaxScaler",
                stacklevel=3,
            )
            return np.clip(X, 0, 1)
        return X

    def _default(self) -> str:
        return self.text

    def _tell(self, doubt: str) -> None:
        """Nothing: means of [0, 1] have no likelihood that other models have too."""

    def _arguments(self) -> dict[str, Any]:
        return {}

    def _bound(self) -> Any:
        settings: dict[str, Any] = {
            "negative": f"pcd(steps = 1, chains = {self.batch_size})",
            "optimizer": f"sgd(rate = {self.learning_rate}, momentum = 0)",
            "batch": self.batch_size,
            "epochs": self.n_iter,
            "monitor": 0,
        }
        return super()._bound().bind(settings, H=self.n_components)

    def score_samples(self, X: Any) -> np.ndarray:
        """The pseudo-likelihood of every case, Σ_i log P(v_i | the others), in nats: the mean of
        scikit-learn's, which draws one i a case.
        """
        check_is_fitted(self, "machine_")
        v = np.asarray(self._states(self._cases(X, reset=False))[self._first], np.float64)
        w, b, c = self.components_.T, self.intercept_visible_, self.intercept_hidden_
        fields = v @ w + c
        before = np.logaddexp(0, fields).sum(1)
        out = np.zeros(len(v))
        for i in range(v.shape[1]):
            turn = 1 - 2 * v[:, i]
            after = np.logaddexp(0, fields + np.outer(turn, w[i])).sum(1)
            out -= np.logaddexp(0, turn * b[i] + after - before)
        return out

    def log_likelihood_samples(self, X: Any) -> np.ndarray:
        """log P(v) of every case in nats: exact up to about 25 units of the smaller layer, else by
        annealed importance sampling.
        """
        return super().score_samples(X)

    @property
    def components_(self) -> np.ndarray:
        """Weights, [hidden, visible]."""
        return np.asarray(self._fitted.params["W"]).T

    @property
    def intercept_hidden_(self) -> np.ndarray:
        """Biases of the hidden units."""
        return np.asarray(self._fitted.params["c"])

    @property
    def intercept_visible_(self) -> np.ndarray:
        """Biases of the visible units."""
        return np.asarray(self._fitted.params["b"])
