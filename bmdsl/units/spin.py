"""Spins: up or down."""

from __future__ import annotations

import numpy as np

from .interface import UnitType
from .scalars import below_sigmoid, exp, logcosh, tanh


class Spin(UnitType):
    """x ∈ {−1, +1}, t(x) = x, base 1: A(η) = log 2cosh η, mean tanh η, variance 1 − tanh² η; drawn
    as u < σ(2η).
    """

    name = "spin"
    summary = "up or down"
    also = ("ising", "rademacher", "plusminus", "bipolar")
    activation = "tanh"
    reduces = {k: k % 2 for k in range(2, 9)}
    domain = "{-1, +1}"
    formulas = {
        "log_partition": "log(2 * cosh(eta))",
        "mean": "tanh(eta)",
        "variance": "1 - tanh(eta)**2",
        "density": "exp(x * eta) / (2 * cosh(eta))",
    }

    @staticmethod
    def log_partition(eta: float) -> float:
        return logcosh(eta)

    @staticmethod
    def peak(eta: float) -> float:
        return abs(eta)

    @staticmethod
    def rest(eta: float) -> float:
        return 1.0 + exp(-2.0 * abs(eta))

    @staticmethod
    def mean(eta: float) -> float:
        return tanh(eta)

    @staticmethod
    def variance(eta: float) -> float:
        e = exp(-2.0 * abs(eta))
        return 4.0 * e / ((1.0 + e) * (1.0 + e))

    @staticmethod
    def sample(eta: float, u: float) -> float:
        return 1.0 if below_sigmoid(u, 2.0 * eta) else -1.0

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.array([-1.0, 1.0])

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return (x == -1) | (x == 1)
