"""Poisson units: counts without a largest one."""

from __future__ import annotations

import numpy as np

from .interface import UnitType
from .scalars import digamma, exp, lgamma, log, normal_quantile, sqrt


class Poisson(UnitType):
    """x ∈ {0, 1, 2, …}, t(x) = x, base 1/x!: A(η) = mean = variance = e^η.

    Drawn by inversion over the counts in order of distance from the mode, about √(e^η) steps; above
    e^η = 10⁴ by the Cornish–Fisher expansion of the normal quantile (Fisher & Cornish 1960), whose
    error is below a thousandth of a standard deviation there. Fields above 30 count as 30: a rate
    of 10¹³.
    """

    name = "poisson"
    summary = "a count, 0, 1, 2, ..."
    also = ("count", "counts")
    domain = "{0, 1, 2, ...}"
    formulas = {
        "log_partition": "exp(eta)",
        "mean": "exp(eta)",
        "variance": "exp(eta)",
        "density": "exp(x * eta - exp(eta)) / factorial(x)",
        "log_base": "-log(factorial(x))",
    }

    @staticmethod
    def log_partition(eta: float) -> float:
        return exp(min(eta, 30.0))

    @staticmethod
    def mean(eta: float) -> float:
        return exp(min(eta, 30.0))

    @staticmethod
    def variance(eta: float) -> float:
        return exp(min(eta, 30.0))

    @staticmethod
    def sample(eta: float, u: float) -> float:
        rate = exp(max(-700.0, min(eta, 30.0)))
        if rate > 1e4:
            z = normal_quantile(u)
            root = sqrt(rate)
            return max(
                0.0,
                float(
                    int(
                        rate
                        + root * z
                        + (z * z - 1.0) / 6.0
                        + (z - z * z * z) / (72.0 * root)
                        + 0.5
                    )
                ),
            )
        low = float(int(rate))
        at_mode = exp(low * log(rate) - rate - lgamma(low + 1.0)) if low > 0.0 else exp(-rate)
        left = u - at_mode
        if left < 0.0:
            return low
        mode = low
        high = low
        p_low = at_mode
        p_high = at_mode
        while low > 0.0 or p_high > 1e-18:
            high += 1.0
            p_high *= rate / high
            left -= p_high
            if left < 0.0:
                return high
            if low > 0.0:
                p_low *= low / rate
                low -= 1.0
                left -= p_low
                if left < 0.0:
                    return low
        return mode

    @staticmethod
    def log_base(x: float) -> float:
        return -lgamma(x + 1.0)

    @staticmethod
    def base_slope(x: float) -> float:
        return -digamma(x + 1.0)

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return np.isfinite(x) & (np.asarray(x) >= 0) & (x == np.floor(x))
