"""Unit types of the tests' own: three states with x², and states that 0 is not among."""

from __future__ import annotations

from typing import Any

import numpy as np

from bmdsl.units import UnitType
from bmdsl.units.scalars import exp, log


class Trit(UnitType):
    """x ∈ {−1, 0, 1}, statistics x and x², base e^{−0.4 x²}."""

    name, summary, domain, statistics = "trit", "down, absent or up", "{-1, 0, 1}", ("x", "x^2")
    reduces = {3: 1, 4: 2}

    @staticmethod
    def log_partition(eta: float, eta2: float) -> float:
        return log(1.0 + exp(eta + eta2 - 0.4) + exp(eta2 - eta - 0.4))

    @staticmethod
    def mean(eta: float, eta2: float) -> float:
        up, down = exp(eta + eta2 - 0.4), exp(eta2 - eta - 0.4)
        return (up - down) / (1.0 + up + down)

    @staticmethod
    def mean_square(eta: float, eta2: float) -> float:
        both = exp(eta + eta2 - 0.4) + exp(eta2 - eta - 0.4)
        return both / (1.0 + both)

    @staticmethod
    def variance(eta: float, eta2: float) -> float:
        up, down = exp(eta + eta2 - 0.4), exp(eta2 - eta - 0.4)
        return (up + down) / (1.0 + up + down) - ((up - down) / (1.0 + up + down)) ** 2

    @staticmethod
    def sample(eta: float, eta2: float, u: float) -> float:
        up, down = exp(eta + eta2 - 0.4), exp(eta2 - eta - 0.4)
        v = u * (1.0 + up + down)
        return -1.0 if v < down else 0.0 if v < down + 1.0 else 1.0

    @staticmethod
    def log_base(x: float) -> float:
        return -0.4 * x * x

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.array([-1.0, 0.0, 1.0])

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> Any:
        return np.isin(x, (-1, 0, 1))


class Late(UnitType):
    """x ∈ {1, 2}, base 2/x²: infinite at 0, which is no state."""

    name, summary, domain = "late", "one or two", "{1, 2}"

    @staticmethod
    def log_partition(eta: float) -> float:
        return log(2.0 * exp(eta) + 0.5 * exp(2.0 * eta))

    @staticmethod
    def mean(eta: float) -> float:
        return (2.0 + exp(eta)) / (2.0 + 0.5 * exp(eta))

    @staticmethod
    def variance(eta: float) -> float:
        p = 0.5 * exp(eta) / (2.0 + 0.5 * exp(eta))
        return p * (1.0 - p)

    @staticmethod
    def sample(eta: float, u: float) -> float:
        return 1.0 if u * (2.0 + 0.5 * exp(eta)) < 2.0 else 2.0

    @staticmethod
    def log_base(x: float) -> float:
        return log(2.0) - 2.0 * log(x)

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.array([1.0, 2.0])

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> Any:
        return np.isin(x, (1, 2))
