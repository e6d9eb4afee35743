"""Exponential units: real values between 0 and a largest one, with a density that rises or falls as
e^{ηx}.
"""

from __future__ import annotations

import numpy as np

from ..language.vocabulary import Option
from .interface import UnitType
from .scalars import exp, expm1, log, log1p


class Exponential(UnitType):
    """x ∈ [0, m], t(x) = x, base 1. With y = ηm:

    A(η) = log((e^y − 1)/η), mean m(1/(1 − e^−y) − 1/y), variance m²(1/y² − 1/(4 sinh²(y/2))), all
    with their series where |y| is small; drawn by inversion, x = log(1 + u(e^y − 1))/η.

    Source: the truncated exponential as a unit of an energy model, Bengio, Lamblin, Popovici &
    Larochelle 2007, section 3.1.
    """

    name = "exponential"
    summary = "a real number from 0 to a largest one"
    also = ("truncated_exponential",)
    options = (Option("max", "number", 1.0, low=0.0, open_low=True),)
    domain = "the real numbers from 0 to max"
    formulas = {
        "log_partition": "log((exp(max * eta) - 1) / eta)",
        "mean": "max / (1 - exp(-max * eta)) - 1 / eta",
        "variance": "1 / eta**2 - max**2 / (4 * sinh(max * eta / 2)**2)",
        "density": "eta * exp(x * eta) / (exp(max * eta) - 1)",
    }

    @staticmethod
    def log_partition(eta: float, max: float) -> float:  # the unit's own word
        y = eta * max
        if abs(y) < 1e-3:
            return log(max) + 0.5 * y + y * y / 24.0
        a = abs(y)
        return log(max) + (y if y > 0.0 else 0.0) + log(-expm1(-a) / a)

    @staticmethod
    def mean(eta: float, max: float) -> float:
        y = eta * max
        if abs(y) < 0.03:
            return max * (0.5 + y / 12.0 - y * y * y / 720.0)
        return max * (1.0 / -expm1(-y) - 1.0 / y) if y > -700.0 else -max / y

    @staticmethod
    def variance(eta: float, max: float) -> float:
        y = eta * max
        if abs(y) < 0.1:
            return max * max * (1.0 / 12.0 - y * y / 240.0 + y * y * y * y / 6048.0)
        e = exp(-abs(y))
        return max * max * (1.0 / (y * y) - e / ((1.0 - e) * (1.0 - e)))

    @staticmethod
    def sample(eta: float, u: float, max: float) -> float:
        y = eta * max
        if abs(y) < 1e-5:
            return max * (u + 0.5 * y * u * (1.0 - u))
        if y > 0.0:
            x = max + log(u + (1.0 - u) * exp(-y)) / eta
        else:
            x = log1p(u * expm1(y)) / eta
        return 0.0 if x < 0.0 else max if x > max else x

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return (np.asarray(x) >= 0) & (np.asarray(x) <= arguments[0])
