"""Exact sums of an entry over some of its units: states, quadrature, Gaussian integrals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from .harness import Entry, State
from .units import LOG_2PI, Array

Place = tuple[str, tuple[int, ...]]
"""A unit: its group and its index there."""
MOST_STATES = 1 << 17


@dataclass(frozen=True)
class Sums:
    """Rows of joint states with weights; Gaussian units stand at their mean given the row."""

    states: State
    log_weights: Array
    covariance: Array
    """Of the Gaussian units given a row: [rows, units, units]."""
    gaussians: tuple[Place, ...]

    @property
    def log_sum(self) -> float:
        """log Σ exp(−E)."""
        return float(logsumexp(self.log_weights))

    @property
    def weights(self) -> Array:
        """Probability of every row."""
        return np.exp(self.log_weights - self.log_sum)

    def mean(self, group: str) -> Array:
        """E[x] of a group: [*axes]."""
        return np.tensordot(self.weights, self.states[group], axes=(0, 0))


class Domain:
    """All joint states of the `free` units, the others fixed at one state: for any parameters."""

    def __init__(self, entry: Entry, fixed: Mapping[str, Array], free: Sequence[Place]) -> None:
        self.entry = entry
        kind = {name: units.kind for name, units in entry.groups.items()}
        self.gaussians = tuple(p for p in free if kind[p[0]] == "gaussian")
        listed = [p for p in free if kind[p[0]] != "gaussian"]
        counts = [len(entry.groups[name].states) for name, _ in listed]
        rows = int(np.prod(counts, dtype=object)) if counts else 1
        assert rows <= MOST_STATES, f"{entry.name}: {rows} joint states"
        index = np.indices(counts).reshape(len(counts), -1) if counts else np.zeros((0, 1), int)
        self.log_weights = np.zeros(rows)
        self.cell = np.zeros(rows, int)
        """Number of the row's joint state of the finite units alone."""
        self.states = {
            n: np.repeat(np.asarray(fixed[n], float)[None], rows, axis=0) for n in entry.groups
        }
        for (name, place), at in zip(listed, index, strict=True):
            units = entry.groups[name]
            self.states[name][(slice(None), *place)] = units.states[at]
            self.log_weights += units.log_weights[at]
            if units.kind == "finite":
                self.cell = self.cell * len(units.states) + at
        for name, place in self.gaussians:
            self.states[name][(slice(None), *place)] = 0.0
        self._corners = self._quadratic_points()

    def _moved(self, values: Mapping[Place, float]) -> State:
        """The rows with some Gaussian units at values other than 0."""
        states = dict(self.states)
        for (name, place), value in values.items():
            states[name] = np.array(states[name])
            states[name][(slice(None), *place)] = value
        return states

    def _quadratic_points(self) -> dict[tuple[int, ...], State]:
        g = self.gaussians
        points = {(k, s): self._moved({p: float(s)}) for k, p in enumerate(g) for s in (1, -1)}
        points |= {
            (k, m, 0): self._moved({g[k]: 1.0, g[m]: 1.0}) for k in range(len(g)) for m in range(k)
        }
        self._witness = np.random.default_rng(0).normal(0, 1.5, len(g))
        self._at_witness = self._moved(dict(zip(g, self._witness, strict=True)))
        return points

    def least(self, params: Mapping[str, Array]) -> float:
        """The least energy of all joint states of finite units."""
        return float(self.entry.total(params, self.states).min())

    def at(self, params: Mapping[str, Array]) -> Sums:
        """The sums at these parameters."""
        zero = self.entry.total(params, self.states)
        n = len(self.gaussians)
        if not n:
            return Sums(self.states, self.log_weights - zero, np.zeros((len(zero), 0, 0)), ())
        value = {k: self.entry.total(params, s) for k, s in self._corners.items()}
        slope, precision = np.empty((len(zero), n)), np.empty((len(zero), n, n))
        for k in range(n):
            slope[:, k] = (value[k, 1] - value[k, -1]) / 2
            precision[:, k, k] = value[k, 1] + value[k, -1] - 2 * zero
            for m in range(k):
                precision[:, k, m] = precision[:, m, k] = (
                    value[k, m, 0] - value[k, 1] - value[m, 1] + zero
                )
        x = self._witness
        there = zero + slope @ x + np.einsum("k,rkm,m->r", x, precision, x) / 2
        apart = np.abs(there - self.entry.total(params, self._at_witness))
        assert (apart < 1e-8 * (1 + np.abs(there))).all(), (
            f"{self.entry.name}: not quadratic in its Gaussian units"
        )
        covariance = np.linalg.inv(precision)
        mean = -np.einsum("rkm,rm->rk", covariance, slope)
        sign, log_det = np.linalg.slogdet(precision)
        assert (np.linalg.eigvalsh(precision) > 0).all(), (
            f"{self.entry.name}: the energy has no lower bound"
        )
        states = {name: np.array(s) for name, s in self.states.items()}
        for k, (name, place) in enumerate(self.gaussians):
            states[name][(slice(None), *place)] = mean[:, k]
        log_integral = n / 2 * LOG_2PI - log_det / 2 - np.einsum("rk,rk->r", slope, mean) / 2
        return Sums(states, self.log_weights - zero + log_integral, covariance, self.gaussians)


def units_of(entry: Entry, names: Sequence[str]) -> list[Place]:
    """Every unit of some groups."""
    return [(name, place) for name in names for place in entry.groups[name].places]


def one(states: Mapping[str, Array], case: int) -> State:
    """A single case of many."""
    return {n: x[case] for n, x in states.items()}


def draw(sums: Sums, n: int, generator: np.random.Generator) -> State:
    """n independent draws; quadrature nodes count as states, Gaussian units follow."""
    rows = generator.choice(len(sums.log_weights), n, p=sums.weights)
    states = {name: np.array(x[rows]) for name, x in sums.states.items()}
    if sums.gaussians:
        root = np.linalg.cholesky(sums.covariance[rows])
        noise = np.einsum("rkm,rm->rk", root, generator.normal(size=(n, len(sums.gaussians))))
        for k, (name, place) in enumerate(sums.gaussians):
            states[name][(slice(None), *place)] += noise[:, k]
    return states


def log_likelihood(entry: Entry, states: Mapping[str, Array]) -> tuple[list[Domain], list[Domain]]:
    """Domains whose log-sums are −F(v) and log Z of every case: one log Z without given groups."""
    cases = len(next(iter(states.values())))
    hidden, free = units_of(entry, list(entry.hidden)), units_of(entry, list(entry.free))
    tops = [Domain(entry, one(states, k), hidden) for k in range(cases)]
    return tops, [
        Domain(entry, one(states, k), free) for k in (range(cases) if entry.given else range(1))
    ]
