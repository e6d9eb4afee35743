"""Boltzmann machines as estimators of scikit-learn: in pipelines, grid searches and column
transformers.

`BoltzmannMachine` is any model as a transformer and a density, `BoltzmannClassifier` predicts by
the exact P(y | v), `BoltzmannImputer` fills in NaN, `BernoulliRBM` has scikit-learn's parameters.
"""

from __future__ import annotations

from .bernoulli import BernoulliRBM
from .classifier import BoltzmannClassifier
from .imputer import BoltzmannImputer
from .machine import BoltzmannMachine

__all__ = ["BernoulliRBM", "BoltzmannClassifier", "BoltzmannImputer", "BoltzmannMachine"]


def __dir__() -> list[str]:
    """The estimators alone, for Tab."""
    return list(__all__)
