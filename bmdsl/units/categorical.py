"""One-of-K units, such as a letter of a sequence or the component of a mixture."""

from __future__ import annotations

import numpy as np

from ..language.vocabulary import Option
from .interface import UnitType
from .scalars import exp, log


class Categorical(UnitType):
    """x one of K one-hot vectors, t(x) = x: A(η) = log Σ_k e^{η_k}, mean softmax η, variance of
    each state p(1 − p).

    Drawn by inverting the cumulative sum; a uniform past the rounded total takes the last state,
    never one past the end.
    """

    name = "categorical"
    summary = "one of K states"
    also = ("potts", "multinomial", "softmax", "onehot", "one_hot", "discrete", "category")
    activation = "softmax"
    options = (Option("K", "integer", required=True, low=2),)
    states = "K"
    reduces = {k: 1 for k in range(2, 9)}
    domain = "one-of-K"
    formulas = {
        "log_partition": "log(sum(exp(eta[k]) for k in states))",
        "mean": "exp(eta[k]) / sum(exp(eta[l]) for l in states)",
        "density": "exp(sum(x[k] * eta[k] for k in states)) / sum(exp(eta[k]) for k in states)",
    }

    @staticmethod
    def log_partition(eta):  # type: ignore[no-untyped-def]  # arrays, typed where compiled
        top = eta[0]
        for k in range(1, eta.shape[0]):
            top = max(top, eta[k])
        total = 0.0
        for k in range(eta.shape[0]):
            total += exp(eta[k] - top)
        return top + log(total)

    @staticmethod
    def mean(eta, out):  # type: ignore[no-untyped-def]  # arrays, typed where compiled
        top = eta[0]
        for k in range(1, eta.shape[0]):
            top = max(top, eta[k])
        total = 0.0
        for k in range(eta.shape[0]):
            out[k] = exp(eta[k] - top)
            total += out[k]
        for k in range(eta.shape[0]):
            out[k] /= total

    @staticmethod
    def variance(eta, out):  # type: ignore[no-untyped-def]  # arrays, typed where compiled
        top = eta[0]
        for k in range(1, eta.shape[0]):
            top = max(top, eta[k])
        total = 0.0
        for k in range(eta.shape[0]):
            out[k] = exp(eta[k] - top)
            total += out[k]
        for k in range(eta.shape[0]):
            out[k] = out[k] / total * (1.0 - out[k] / total)

    @staticmethod
    def sample(eta, u, out):  # type: ignore[no-untyped-def]  # arrays, typed where compiled
        top = eta[0]
        for k in range(1, eta.shape[0]):
            top = max(top, eta[k])
        total = 0.0
        for k in range(eta.shape[0]):
            total += exp(eta[k] - top)
        chosen = -1
        last = 0
        running = 0.0
        for k in range(eta.shape[0]):
            weight = exp(eta[k] - top)
            running += weight
            out[k] = 0.0
            if weight > 0.0:
                last = k
            if chosen < 0 and u * total < running:
                chosen = k
        out[chosen if chosen >= 0 else last] = 1.0

    @staticmethod
    def sample_block(eta, u, out):  # type: ignore[no-untyped-def]  # arrays, typed where compiled
        top = out[0]
        own = eta[0]
        for q in range(u.shape[0]):
            top[q] = own[q]
        for k in range(1, eta.shape[0]):
            own = eta[k]
            for q in range(u.shape[0]):
                top[q] = max(top[q], own[q])
        for k in range(eta.shape[0]):
            own = eta[k]
            for q in range(u.shape[0]):
                own[q] = exp(own[q] - top[q])
        total = eta[0]
        for k in range(1, eta.shape[0]):
            own = eta[k]
            for q in range(u.shape[0]):
                own[q] += total[q]
            total = own
        for q in range(u.shape[0]):
            u[q] = min(u[q], 0.99999988079071045) * total[q]  # stays below the total
        for k in range(eta.shape[0]):
            own = eta[k]
            new = out[k]
            for q in range(u.shape[0]):
                new[q] = 1.0 if u[q] < own[q] else 0.0
        for k in range(eta.shape[0] - 1, 0, -1):
            new = out[k]
            below = out[k - 1]
            for q in range(u.shape[0]):
                new[q] -= below[q]

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray:
        return np.eye(int(arguments[0]))

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        return ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1)
