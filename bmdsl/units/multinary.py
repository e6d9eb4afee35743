"""Multinary units: values from 0 to N whose mean is a sigmoid of any steepness."""

from __future__ import annotations

import numpy as np

from ..language.vocabulary import Option
from .binomial import Binomial
from .interface import UnitType
from .scalars import digamma, lgamma, sigmoid, softplus

draw_binomial = Binomial.sample


class Multinary(UnitType):
    """x ∈ {0, k, 2k, …, N}, t(x) = x, base C(N/k, x/k): A(η) = (N/k) log(1 + e^{kη}), mean Nσ(kη),
    variance N k σ(kη)(1 − σ(kη)).

    That is k times a binomial count out of N/k, which has exactly the A, mean and variance of Ahn's
    N copies with offset biases (Differentiable multinary RBMs, eq. 5, where they are an
    approximation); gain 1 is `binomial(N)`. Where N/k is not whole, what is left over is one copy
    that is on with a probability in proportion. Data may be any values from 0 to N.
    """

    name = "multinary"
    summary = "a value from 0 to N"
    options = (
        Option("N", "integer", required=True, low=1),
        Option("gain", "number", 1.0, low=0.0, open_low=True),
    )
    domain = "the real numbers from 0 to N"
    formulas = {
        "log_partition": "N / gain * log(1 + exp(gain * eta))",
        "mean": "N * sigmoid(gain * eta)",
        "variance": "N * gain * sigmoid(gain * eta) * (1 - sigmoid(gain * eta))",
        "log_base": "log(binom(N / gain, x / gain))",
        "density": "binom(N / gain, x / gain) * exp(x * eta) / (1 + exp(gain * eta))**(N / gain)",
    }

    @staticmethod
    def log_partition(eta: float, N: float, gain: float) -> float:  # noqa: N803  # the paper's letter
        return N / gain * softplus(gain * eta)

    @staticmethod
    def mean(eta: float, N: float, gain: float) -> float:  # noqa: N803  # the paper's letter
        return N * sigmoid(gain * eta)

    @staticmethod
    def variance(eta: float, N: float, gain: float) -> float:  # noqa: N803  # the paper's letter
        return N * gain * sigmoid(gain * eta) * sigmoid(-gain * eta)

    @staticmethod
    def sample(eta: float, u: float, N: float, gain: float) -> float:  # noqa: N803  # the paper's letter
        copies = float(int(N / gain + 1e-9))
        over = max(0.0, N / gain - copies)
        p = sigmoid(gain * eta)
        extra = 0.0
        if over > 1e-6:  # the part of a copy first; what is left of u is uniform again
            on = over * p
            if u < on:
                extra = 1.0
                u = u / on
            else:
                u = (u - on) / (1.0 - on)
        count = draw_binomial(gain * eta, u, copies) if copies > 0.0 else 0.0
        return min(N, gain * (count + extra))

    @staticmethod
    def log_base(x: float, N: float, gain: float) -> float:  # noqa: N803  # the paper's letter
        return lgamma(N / gain + 1.0) - lgamma(x / gain + 1.0) - lgamma((N - x) / gain + 1.0)

    @staticmethod
    def base_slope(x: float, N: float, gain: float) -> float:  # noqa: N803  # the paper's letter
        return (digamma((N - x) / gain + 1.0) - digamma(x / gain + 1.0)) / gain

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray | None:
        copies = arguments[0] / arguments[1]
        return (
            arguments[1] * np.arange(round(copies) + 1)
            if abs(copies - round(copies)) < 1e-9
            else None
        )

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return (np.asarray(x) >= 0) & (np.asarray(x) <= arguments[0] * (1 + 1e-6))
