"""Binary units: on or off."""

from __future__ import annotations

import numpy as np

from .interface import UnitType
from .scalars import below_sigmoid, exp, sigmoid, softplus


class Binary(UnitType):
    """x ∈ {0, 1}, t(x) = x, base 1: A(η) = log(1 + e^η), mean σ(η), variance σ(η)(1 − σ(η)); drawn
    as u < σ(η).
    """

    name = "binary"
    summary = "on or off"
    also = ("bernoulli", "boolean", "bool", "bit", "logistic")
    activation = "sigmoid"
    reduces = {k: 1 for k in range(2, 9)}
    domain = "{0, 1}"
    formulas = {
        "log_partition": "log(1 + exp(eta))",
        "mean": "sigmoid(eta)",
        "variance": "sigmoid(eta) * (1 - sigmoid(eta))",
        "density": "exp(x * eta) / (1 + exp(eta))",
    }

    @staticmethod
    def log_partition(eta: float) -> float:
        return softplus(eta)

    @staticmethod
    def peak(eta: float) -> float:
        return 0.0 if eta < 0.0 else eta

    @staticmethod
    def rest(eta: float) -> float:
        return 1.0 + exp(-abs(eta))

    @staticmethod
    def mean(eta: float) -> float:
        return sigmoid(eta)

    @staticmethod
    def variance(eta: float) -> float:
        return sigmoid(eta) * sigmoid(-eta)

    @staticmethod
    def sample(eta: float, u: float) -> float:
        return 1.0 if below_sigmoid(u, eta) else 0.0

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.array([0.0, 1.0])

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return (x == 0) | (x == 1)
