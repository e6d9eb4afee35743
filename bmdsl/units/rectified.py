"""Rectified units: real values of at least 0, a Gaussian cut off at zero."""

from __future__ import annotations

import numpy as np

from ..language.vocabulary import Option
from .interface import UnitType
from .scalars import erfcx, exp, log, normal_quantile, sqrt


class Rectified(UnitType):
    """x ≥ 0, t(x) = (x, x²), base exp(−x²/(2σ²)). With precision λ = 1/σ² − 2η₂ > 0 and t = η/√λ:

    A(η, η₂) = ½ log(2π/λ) + ½ t² + log Φ(t) = ½ log(π/(2λ)) + log erfcx(−t/√2), mean (t + κ)/√λ,
    variance (1 − κ(t + κ))/λ, where κ = φ(t)/Φ(t) = √(2/π)/erfcx(−t/√2). Far below zero, where t +
    κ cancels, its asymptotic series takes over. Drawn by inversion: of Φ for t > −5, else of log Q
    by Newton's rule from a Rayleigh start.

    Source: Nair & Hinton 2010 for the idea of rectified units; Johnson, Kotz & Balakrishnan 1994,
    section 13.10.1, for the moments.
    """

    name = "rectified"
    summary = "a real number of at least 0, a Gaussian cut off at 0"
    also = ("truncated_gaussian", "halfnormal")
    options = (Option("sigma", "number", 1.0, low=0.0, open_low=True),)
    statistics = ("x", "x^2")
    domain = "the real numbers from 0 on"
    formulas = {
        "precision": "1 / sigma**2 - 2 * eta2",
        "log_partition": (
            "eta**2 / (2 * precision) + log(2 * pi / precision) / 2 + log(Phi(eta /"
            " sqrt(precision)))"
        ),
        "mean": (
            "eta / precision + phi(eta / sqrt(precision)) / (sqrt(precision) * Phi(eta /"
            " sqrt(precision)))"
        ),
        "mean_square": (
            "1 / precision + eta / precision * (eta / precision + phi(eta / sqrt(precision))"
            " / (sqrt(precision) * Phi(eta / sqrt(precision))))"
        ),
        "density": (
            "sqrt(precision / (2 * pi)) / Phi(eta / sqrt(precision)) * exp(-precision / 2 * (x -"
            " eta / precision)**2)"
        ),
        "log_base": "-x**2 / (2 * sigma**2)",
    }

    @staticmethod
    def log_partition(eta: float, eta2: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        t = eta / sqrt(precision)
        if t > 5.0:
            return (
                0.5 * log(6.283185307179586 / precision)
                + 0.5 * t * t
                + log(1.0 - 0.5 * exp(-0.5 * t * t) * erfcx(0.7071067811865476 * t))
            )
        return 0.5 * log(1.5707963267948966 / precision) + log(erfcx(-0.7071067811865476 * t))

    @staticmethod
    def mean(eta: float, eta2: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        return _mean(eta / sqrt(precision)) / sqrt(precision)

    @staticmethod
    def variance(eta: float, eta2: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        return _variance(eta / sqrt(precision)) / precision

    @staticmethod
    def mean_square(eta: float, eta2: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        t = eta / sqrt(precision)
        return (_variance(t) + _mean(t) * _mean(t)) / precision

    @staticmethod
    def sample(eta: float, eta2: float, u: float, sigma: float) -> float:
        precision = 1.0 / (sigma * sigma) - 2.0 * eta2
        t = eta / sqrt(precision)
        if t > -5.0:
            below = 0.5 * exp(-0.5 * t * t) * erfcx(-0.7071067811865476 * t) if t < 5.0 else 1.0
            return max(0.0, t - normal_quantile(max(1e-300, (1.0 - u) * below))) / sqrt(precision)
        s = -t
        target = log(1.0 - u)
        x = -2.0 * target / (s + sqrt(s * s - 2.0 * target))
        at_zero = erfcx(0.7071067811865476 * s)
        for _ in range(4):
            here = erfcx(0.7071067811865476 * (s + x))
            x += (log(here / at_zero) - x * (s + 0.5 * x) - target) * here * 1.2533141373155003
        return max(0.0, x) / sqrt(precision)

    @staticmethod
    def log_base(x: float, sigma: float) -> float:
        return -0.5 * x * x / (sigma * sigma)

    @staticmethod
    def base_slope(x: float, sigma: float) -> float:
        return -x / (sigma * sigma)

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return np.isfinite(x) & (np.asarray(x) >= 0)


def _mean(t: float) -> float:
    """t + φ(t)/Φ(t)."""
    if t > 5.0:
        gone = exp(-0.5 * t * t)
        return t + 0.3989422804014327 * gone / (1.0 - 0.5 * gone * erfcx(0.7071067811865476 * t))
    if t > -30.0:
        return t + 0.7978845608028654 / erfcx(-0.7071067811865476 * t)
    r = 1.0 / (t * t)
    return -(1.0 - r * (2.0 - r * (10.0 - r * (74.0 - r * (706.0 - r * 8162.0))))) / t


def _variance(t: float) -> float:
    """1 − κ(t + κ), κ = φ(t)/Φ(t)."""
    if t > -30.0:
        m = _mean(t)
        return 1.0 - (m - t) * m
    r = 1.0 / (t * t)
    return r * (1.0 - r * (6.0 - r * (50.0 - r * (518.0 - r * (6354.0 - r * 89782.0)))))
