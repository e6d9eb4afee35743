"""Noisy rectified linear units: counts whose mean is a softened max(0, η)."""

from __future__ import annotations

import numpy as np

from .interface import UnitType
from .scalars import dilogarithm, exp, log1p, sigmoid, softplus


class Nrelu(UnitType):
    """Infinitely many binary copies with biases η − ½, η − 3/2, …; x is how many are on (Nair &
    Hinton 2010, section 2).

    A(η) = −Li₂(−e^η), mean log(1 + e^η), variance σ(η). No distribution on x ≥ 0 has exactly this
    A: its power series in e^η turns negative at the fourth term. The copies have A(η) = Σ log(1 +
    e^{η − n + ½}), of which it is the integral form, and x is drawn from them exactly, by inversion
    of P(x) ∝ exp(ηx − x²/2)/Π_{i ≤ x} (1 − e^−i) from the mode. The mean of what is drawn differs
    from log(1 + e^η) by at most 0.0106.
    """

    name = "nrelu"
    summary = "a noisy rectified linear count"
    also = ("relu",)
    activation = "softplus"
    draws_within = 0.0106
    domain = "the real numbers from 0 on"
    formulas = {
        "log_partition": "-Li2(-exp(eta))",
        "mean": "log(1 + exp(eta))",
        "variance": "sigmoid(eta)",
        "log_base": "-x**2 / 2 - sum(log(1 - exp(-i)) for i in upto(x))",
        "density": (
            "exp(eta * x - x**2 / 2) / (prod(1 - exp(-i) for i in upto(x)) * prod(1 + exp(eta - n +"
            " 1 / 2) for n in naturals))"
        ),
    }

    @staticmethod
    def log_partition(eta: float) -> float:
        return dilogarithm(eta)

    @staticmethod
    def mean(eta: float) -> float:
        return softplus(eta)

    @staticmethod
    def variance(eta: float) -> float:
        return sigmoid(eta)

    @staticmethod
    def sample(eta: float, u: float) -> float:
        mode = float(int(max(0.0, eta + 0.5)))
        total = 1.0
        p = 1.0
        x = mode
        while p > 1e-9 and x < mode + 12.0:
            p *= exp(eta - x - 0.5) / (1.0 - exp(-(x + 1.0)))
            x += 1.0
            total += p
        p = 1.0
        x = mode
        while p > 1e-9 and x > 0.0:
            p *= (1.0 - exp(-x)) * exp(x - 0.5 - eta)
            x -= 1.0
            total += p
        left = u * total - 1.0
        if left < 0.0:
            return mode
        low = mode
        high = mode
        p_low = 1.0
        p_high = 1.0
        for _ in range(12):
            p_high *= exp(eta - high - 0.5) / (1.0 - exp(-(high + 1.0)))
            high += 1.0
            left -= p_high
            if left < 0.0:
                return high
            if low > 0.0:
                p_low *= (1.0 - exp(-low)) * exp(low - 0.5 - eta)
                low -= 1.0
                left -= p_low
                if left < 0.0:
                    return low
        return mode

    @staticmethod
    def log_base(x: float) -> float:
        total = -0.5 * x * x
        for i in range(1, min(int(x), 40) + 1):
            total -= log1p(-exp(-1.0 * i))
        return total

    @staticmethod
    def base_slope(x: float) -> float:
        return -x

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return np.isfinite(x) & (np.asarray(x) >= 0)
