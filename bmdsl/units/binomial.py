"""Binomial units: counts out of N, as N binary copies that share their weights."""

from __future__ import annotations

import numpy as np

from ..language.vocabulary import Option
from .interface import UnitType
from .scalars import binomial_quantile, digamma, exp, lgamma, sigmoid, softplus


class Binomial(UnitType):
    """x ∈ {0, …, N}, t(x) = x, base C(N, x): A(η) = N log(1 + e^η), mean Nσ(η), variance Nσ(η)(1 −
    σ(η)).

    Drawn by inversion over the states in order of distance from the mode, so that it takes O(√N)
    steps and no tail underflows; where the variance is 100 or more by Cornish and Fisher's
    expansion of the quantile (1938), whose distribution function is within 2·10⁻⁷ of the exact one.
    """

    name = "binomial"
    summary = "a count out of N"
    also = ("trials",)
    options = (Option("N", "integer", required=True, low=1),)
    domain = "{0, ..., N}"
    formulas = {
        "log_partition": "N * log(1 + exp(eta))",
        "mean": "N * sigmoid(eta)",
        "variance": "N * sigmoid(eta) * (1 - sigmoid(eta))",
        "log_base": "log(binom(N, x))",
        "density": "binom(N, x) * exp(x * eta) / (1 + exp(eta))**N",
    }

    @staticmethod
    def log_partition(eta: float, N: float) -> float:  # noqa: N803  # the paper's letter
        return N * softplus(eta)

    @staticmethod
    def mean(eta: float, N: float) -> float:  # noqa: N803  # the paper's letter
        return N * sigmoid(eta)

    @staticmethod
    def variance(eta: float, N: float) -> float:  # noqa: N803  # the paper's letter
        return N * sigmoid(eta) * sigmoid(-eta)

    @staticmethod
    def sample(eta: float, u: float, N: float) -> float:  # noqa: N803  # the paper's letter
        p = sigmoid(eta)
        q = sigmoid(-eta)
        if N * p * q >= 100.0:
            return binomial_quantile(u, N, p, q)
        low = min(float(int((N + 1.0) * p)), N)
        at_mode = exp(
            lgamma(N + 1.0)
            - lgamma(low + 1.0)
            - lgamma(N - low + 1.0)
            - low * softplus(-eta)
            - (N - low) * softplus(eta)
        )
        left = u - at_mode
        if left < 0.0:
            return low
        mode = low
        high = low
        odds = exp(max(-700.0, min(700.0, eta)))
        p_low = at_mode
        p_high = at_mode
        while low > 0.0 or high < N:
            if high < N:
                p_high *= (N - high) / (high + 1.0) * odds
                high += 1.0
                left -= p_high
                if left < 0.0:
                    return high
            if low > 0.0:
                p_low *= low / (N - low + 1.0) / odds
                low -= 1.0
                left -= p_low
                if left < 0.0:
                    return low
        return mode

    @staticmethod
    def log_base(x: float, N: float) -> float:  # noqa: N803  # the paper's letter
        return lgamma(N + 1.0) - lgamma(x + 1.0) - lgamma(N - x + 1.0)

    @staticmethod
    def base_slope(x: float, N: float) -> float:  # noqa: N803  # the paper's letter
        return digamma(N - x + 1.0) - digamma(x + 1.0)

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.arange(int(arguments[0]) + 1, dtype=float)

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return (x >= 0) & (x <= arguments[0]) & (x == np.floor(x))
