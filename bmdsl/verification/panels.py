"""Nodes of a quadrature that go where a density is: panels split, extended and dropped until each
is smooth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Density = Callable[[Array], Array]
"""Points [n] of one unit → the log of its density there, up to a constant: [n, 1], or [n, states]
given each of several states of other units.
"""

COARSE, FINE = 4, 9
"""Nodes of a panel while panels are looked for, and in the end."""
FALL, LENIENT = 2.0, 0.4
"""Nats that a log density may change by within a panel, and how many more for each nat that it is
below the top.
"""
DEPTH = 34.0
"""Nats below the top at which a density is as good as 0: 2e-15."""
ROUNDS, MAX_PANELS = 60, 160
MAX_COUNT = 1 << 12


def gauss(panels: Array, nodes: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and the logs of their weights on panels [n, 2]."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    half = (panels[:, 1] - panels[:, 0])[:, None] / 2
    return (panels.mean(1)[:, None] + half * x).ravel(), np.log(half * w).ravel()


def first_panels(low: float, high: float, width: float) -> Array:
    """Panels from an end to an end, or to where a base measure of that width is far from its top,
    finer near 0.
    """
    if np.isfinite(low) and np.isfinite(high):
        edges = np.linspace(low, high, 5)
    else:
        out = width * 2.0 ** np.arange(0, 4)
        edges = (
            np.concatenate([[0.0], out])
            if np.isfinite(low)
            else np.concatenate([-out[::-1], [0.0], out])
        )
        edges = edges + (low if np.isfinite(low) else 0.0)
    return np.stack([edges[:-1], edges[1:]], 1)


def fitted(density: Density, panels: Array, low: float, high: float) -> Array:
    """The panels on which a density is anything, each so short that it changes little."""
    for _ in range(ROUNDS):
        top, least, most = _heights(density, panels)
        wide = panels[:, 1] - panels[:, 0] > 1e-9 * np.maximum(1.0, np.abs(panels).max(1))
        split = ((most > top - DEPTH) & (most - least > FALL + LENIENT * (top - most))).any(
            1
        ) & wide
        grown = []
        if not np.isfinite(high) and (most[-1] > top - DEPTH).any():
            grown.append([panels[-1, 1], panels[-1, 1] + 2 * (panels[-1, 1] - panels[-1, 0])])
        if not np.isfinite(low) and (most[0] > top - DEPTH).any():
            grown.append([panels[0, 0] - 2 * (panels[0, 1] - panels[0, 0]), panels[0, 0]])
        if not (split.any() or grown) or len(panels) > MAX_PANELS:
            break
        middle = panels.mean(1)
        parts = [
            panels[~split],
            np.stack([panels[split, 0], middle[split]], 1),
            np.stack([middle[split], panels[split, 1]], 1),
        ]
        panels = np.concatenate([*parts, np.array(grown).reshape(-1, 2)])
        panels = panels[np.argsort(panels[:, 0])]
    top, _, most = _heights(density, panels)
    used = np.flatnonzero((most > top - DEPTH).any(1))
    return panels[max(0, used[0] - 1) : used[-1] + 2]


def _heights(density: Density, panels: Array) -> tuple[Array, Array, Array]:
    """The top of a log density in each state, [states], its least and its largest value in each
    panel, [panels, states].
    """
    x, _ = gauss(panels, COARSE)
    y = density(x)
    y = y.reshape(len(panels), COARSE, y.shape[1])
    return y.max((0, 1)), y.min(1), y.max(1)


def counted(density: Density) -> Array:
    """0, 1, 2, … up to where a density of counts has died out."""
    most = 64
    while most < MAX_COUNT:
        x = np.arange(most, dtype=float)
        y = density(x)
        used = (y > y.max(0) - DEPTH).any(1)
        if not used[-1]:
            return x[: np.flatnonzero(used)[-1] + 2]
        most *= 2
    return np.arange(most, dtype=float)
