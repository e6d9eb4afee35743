"""Domains of units, from their definitions: states of one unit, base measure, quadrature.

A real unit is either `gaussian` (the energy is quadratic in all such units given the rest: they are
integrated in closed form) or a list of quadrature nodes (`real`, `heavy`, `rectified`,
`exponential`), each with the logarithm of its weight. Nothing of the package is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lgamma, pi

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Units:
    """A group's units: `shape` of the group, and what one unit can be."""

    shape: tuple[int, ...]
    kind: str
    """finite, nodes (a real unit by quadrature), or gaussian (in closed form)."""
    states: Array
    """[states], or [states, K] if a state is a vector; a Gaussian unit has none."""
    log_weights: Array
    """log of the quadrature weight of each state, 0 for a finite unit: [states]."""
    log_base: Callable[[Array], Array]
    """log base measure of values [..., *shape of a state], elementwise: [...]."""
    draw: Callable[[np.random.Generator, tuple[int, ...]], Array]
    """Values to ask for: [*size, *shape of a state]."""
    ends: tuple[float, float] = (-np.inf, np.inf)
    """The least and the largest value of a real unit."""

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of a state of the group as the machine has it."""
        return (*self.shape, *self.states.shape[1:])

    @property
    def flat(self) -> bool:
        """Whether all states of a finite unit have the same base measure."""
        return len({float(b) for b in self.log_base(self.states)}) == 1

    @property
    def places(self) -> list[tuple[int, ...]]:
        """The index of every unit."""
        return list(np.ndindex(*self.shape))

    def random(self, generator: np.random.Generator, cases: int) -> Array:
        """Random states of the group: [cases, *axes]."""
        return self.draw(generator, (cases, *self.shape))


def finite(
    values: Sequence[float], *shape: int, log_base: Callable[[Array], Array] | None = None
) -> Units:
    """Units with these values, flat unless they have a base measure."""
    states = np.asarray(values, float)
    return Units(
        shape,
        "finite",
        states,
        np.zeros(len(states)),
        log_base or np.zeros_like,
        lambda generator, size: generator.choice(states, size),
    )


def binary(*shape: int) -> Units:
    """0 or 1."""
    return finite([0, 1], *shape)


def spin(*shape: int) -> Units:
    """−1 or 1."""
    return finite([-1, 1], *shape)


def categorical(k: int, *shape: int) -> Units:
    """One of k states, as one-hot vectors: the last axis."""
    return vectors(np.eye(k), *shape)


def vectors(states: Array, *shape: int) -> Units:
    """Units whose states are the rows of a matrix."""
    states = np.asarray(states, float)
    return Units(
        shape,
        "finite",
        states,
        np.zeros(len(states)),
        lambda x: np.zeros(x.shape[:-1]),
        lambda generator, size: states[generator.integers(len(states), size=size)],
    )


def binomial(n: int, *shape: int, gain: float = 1.0) -> Units:
    """0, gain, …, n gain with base measure C(n, x / gain): n binary units of one weight."""
    choose = np.array([lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(n + 1)])
    return finite(gain * np.arange(n + 1), *shape, log_base=_table(choose, gain))


def poisson(*shape: int, top: int = 40, highest: int = 4) -> Units:
    """0, 1, 2, … with base measure 1/x!, summed up to `top`; cases are at most `highest`."""
    log_base = _table(np.array([-lgamma(k + 1) for k in range(top + 1)]))
    return _counts(shape, top, highest, log_base)


def nrelu(*shape: int, top: int = 30, highest: int = 3) -> Units:
    """0, 1, 2, … with base exp(−x²/2) / Π_{i ≤ x} (1 − e^−i): copies of biases η − ½, η − 3/2, …"""
    steps = np.concatenate([[0.0], -np.log1p(-np.exp(-np.arange(1.0, top + 1)))])
    return _counts(shape, top, highest, _table(np.cumsum(steps) - np.arange(top + 1) ** 2 / 2))


def _counts(
    shape: tuple[int, ...], top: int, highest: int, log_base: Callable[[Array], Array]
) -> Units:
    states = np.arange(top + 1.0)
    return Units(
        shape,
        "finite",
        states,
        np.zeros(top + 1),
        log_base,
        lambda generator, size: generator.integers(0, highest + 1, size).astype(float),
    )


def _table(values: Array, gain: float = 1.0) -> Callable[[Array], Array]:
    return lambda x: values[np.rint(x / gain).astype(int)]


def gaussian(*shape: int, sigma: float = 1.0) -> Units:
    """Real units with base measure exp(−x²/2σ²), for energies quadratic in them: closed form."""
    return Units(
        shape,
        "gaussian",
        np.empty(0),
        np.empty(0),
        _normal(sigma),
        lambda generator, size: generator.normal(0, min(sigma, 1.5), size),
    )


def real(*shape: int, sigma: float = 1.0, reach: float = 9.0, nodes: int = 61) -> Units:
    """Real units with base measure exp(−x²/2σ²), by the trapezoidal rule on [−reach, reach]."""
    x = np.linspace(-reach, reach, nodes)
    return _nodes(shape, x, np.full(nodes, np.log(x[1] - x[0])), _normal(sigma), min(sigma, 1.5))


def heavy(
    *shape: int, sigma: float = 1.0, scale: float = 1.0, reach: float = 8.0, nodes: int = 81
) -> Units:
    """As `real`, the nodes at x = scale sinh t, |t| ≤ reach: for densities with long tails."""
    t = np.linspace(-reach, reach, nodes)
    return _nodes(
        shape, scale * np.sinh(t), np.log((t[1] - t[0]) * scale * np.cosh(t)), _normal(sigma), 1.5
    )


def rectified(*shape: int, sigma: float = 1.0, reach: float = 9.0, nodes: int = 40) -> Units:
    """Non-negative real units with base exp(−x²/2σ²), by Gauss and Legendre on [0, reach]."""
    return _positive(shape, reach, nodes, _normal(sigma), np.inf)


def exponential(*shape: int, top: float = 1.0, nodes: int = 20) -> Units:
    """Real units from 0 to `top` with a flat base measure, by Gauss and Legendre."""
    return _positive(shape, top, nodes, np.zeros_like, top)


def _positive(
    shape: tuple[int, ...], top: float, nodes: int, log_base: Callable[[Array], Array], end: float
) -> Units:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return Units(
        shape,
        "nodes",
        (x + 1) * top / 2,
        np.log(w * top / 2),
        log_base,
        lambda generator, size: generator.uniform(0, min(top, 2.0), size),
        (0.0, end),
    )


def _nodes(
    shape: tuple[int, ...],
    x: Array,
    log_w: Array,
    log_base: Callable[[Array], Array],
    spread: float,
) -> Units:
    return Units(
        shape,
        "nodes",
        x,
        log_w,
        log_base,
        lambda generator, size: generator.normal(0, spread, size),
    )


def _normal(sigma: float) -> Callable[[Array], Array]:
    return lambda x: -(np.asarray(x) ** 2) / (2 * sigma**2)


LOG_2PI = float(np.log(2 * pi))
