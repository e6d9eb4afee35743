"""Gaussian units: real values of a fixed base variance, whose precision terms in x² may change."""

from __future__ import annotations

import numpy as np

from ..language.vocabulary import Option
from .interface import UnitType
from .scalars import log, normal_quantile, sqrt


class Gaussian(UnitType):
    """x ∈ ℝ, t(x) = (x, x²), base exp(−x²/(2σ²)). With precision λ = 1/σ² − 2η₂ > 0:

    A(η, η₂) = η²/(2λ) + ½ log(2π/λ), mean η/λ, E[x²] = 1/λ + (η/λ)², variance 1/λ; drawn as η/λ +
    Φ⁻¹(u)/√λ.
    """

    name = "gaussian"
    summary = "a real number"
    also = ("normal", "real", "continuous", "float")
    options = (Option("sigma", "number", 1.0, low=0.0, open_low=True),)
    statistics = ("x", "x^2")
    domain = "the real numbers"
    formulas = {
        "precision": "1 / sigma**2 - 2 * eta2",
        "log_partition": "eta**2 / (2 * precision) + log(2 * pi / precision) / 2",
        "mean": "eta / precision",
        "mean_square": "1 / precision + (eta / precision)**2",
        "variance": "1 / precision",
        "density": "sqrt(precision / (2 * pi)) * exp(-precision / 2 * (x - eta / precision)**2)",
        "log_base": "-x**2 / (2 * sigma**2)",
    }

    @staticmethod
    def log_partition(eta: float, eta2: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        return 0.5 * eta * eta / precision + 0.5 * log(6.283185307179586 / precision)

    @staticmethod
    def mean(eta: float, eta2: float, sigma: float) -> float:
        return eta / (1.0 / (sigma * sigma) - 2.0 * eta2)

    @staticmethod
    def mean_square(eta: float, eta2: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        return 1.0 / precision + (eta / precision) * (eta / precision)

    @staticmethod
    def variance(eta: float, eta2: float, sigma: float) -> float:
        return 1.0 / (1.0 / (sigma * sigma) - 2.0 * eta2)

    @staticmethod
    def sample(eta: float, eta2: float, u: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        return eta / precision + normal_quantile(u) / sqrt(precision)

    @staticmethod
    def log_base(x: float, sigma: float) -> float:
        return -0.5 * x * x / (sigma * sigma)

    @staticmethod
    def base_slope(x: float, sigma: float) -> float:
        return -x / (sigma * sigma)

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return np.isfinite(x)
