"""A unit type held against itself at length: formulas over a wide grid of fields, and draws against
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .conformance import example_arguments
from .interface import UnitType

WIDE = (-12.0, -6.0, -3.0, -1.5, -0.5, 0.0, 0.5, 1.5, 3.0, 6.0)
FAR = (-1e4, -300.0, 300.0, 1e4)
STEP = 1e-4
UNIFORMS = 4_000
"""Midpoints of (0, 1) that are drawn from: a variance of an exponential is 0.16 % off by their
number, a twelfth of what is tolerated.
"""


@dataclass(frozen=True)
class Finding:
    """One line of the check: what was compared, the largest difference, how much is allowed, and
    where it was largest.
    """

    what: str
    error: float
    tolerance: float
    where: str

    @property
    def passed(self) -> bool:
        return bool(self.error <= self.tolerance)


def formulas(unit: type[UnitType]) -> Iterator[Finding]:
    """Mean and variance against the derivatives of A, draws against both, and all of them finite
    far out.
    """
    a = example_arguments(unit)
    size = (
        int(unit.components or 3) if unit.components is not None or unit.states is not None else 0
    )
    grid = (
        [np.resize([e, -0.3 * e, 0.1], size) for e in WIDE]
        if size
        else [np.array([e]) for e in WIDE]
    )
    tolerance = {
        "mean against A′": 1e-5,
        "variance against A″": 1e-5,
        "draws against the mean": 0.02,
        "draws against the variance": 0.02,
    }
    rows: dict[str, list[tuple[float, str]]] = {what: [] for what in tolerance}
    finite = []
    for eta in grid:
        shown = "η = " + ", ".join(f"{e:g}" for e in eta)
        mean, variance = moments(unit, eta, a)
        for k in range(len(eta)):
            step = np.zeros(len(eta))
            step[k] = STEP
            slope = (_log_partition(unit, eta + step, a) - _log_partition(unit, eta - step, a)) / (
                2 * STEP
            )
            bend = (moments(unit, eta + step, a)[0][k] - moments(unit, eta - step, a)[0][k]) / (
                2 * STEP
            )
            rows["mean against A′"].append((abs(mean[k] - slope) / max(1.0, abs(slope)), shown))
            rows["variance against A″"].append(
                (abs(variance[k] - bend) / max(1.0, abs(bend)), shown)
            )
        drawn = np.array(
            [_draw(unit, eta, (n + 0.5) / UNIFORMS, a) for n in range(UNIFORMS)]
        ).reshape(UNIFORMS, -1)
        spread, slack = np.maximum(variance, 1e-12) ** 0.5, unit.draws_within
        rows["draws against the mean"].append(
            (
                float(
                    np.max(
                        np.maximum(0.0, np.abs(drawn.mean(0) - mean) - slack)
                        / np.maximum(spread, 0.05)
                    )
                ),
                shown,
            )
        )
        rows["draws against the variance"].append(
            (
                float(
                    np.max(
                        np.maximum(0.0, np.abs(drawn.var(0) - variance) - slack)
                        / np.maximum(variance, 0.05)
                    )
                ),
                shown,
            )
        )
    for far in FAR:
        eta = np.resize([far, 0.0], size) if size else np.array([far])
        values = [
            _log_partition(unit, eta, a),
            *moments(unit, eta, a)[0],
            *np.ravel(_draw(unit, eta, 0.3, a)),
        ]
        finite.append((0.0 if np.isfinite(values).all() else np.inf, f"η = {far:g}"))
    yield from (worst(what, found, tolerance[what]) for what, found in rows.items())
    yield worst("finite far out", finite, 0.0)


def worst(what: str, found: list[tuple[float, str]], tolerance: float) -> Finding:
    """The largest of the differences that were found, and where it was."""
    error, where = max(found, key=lambda f: f[0] if f[0] == f[0] else np.inf)
    return Finding(what, error, tolerance, where)


def _fields(unit: type[UnitType], eta: np.ndarray, second: float = -0.1) -> tuple[object, ...]:
    if unit.states is not None or unit.components is not None:
        return (eta,)
    return (float(eta[0]), second) if "x^2" in unit.statistics else (float(eta[0]),)


def _log_partition(unit: type[UnitType], eta: np.ndarray, a: tuple[float, ...]) -> float:
    return float(unit.log_partition(*_fields(unit, eta), *a))


def moments(
    unit: type[UnitType], eta: np.ndarray, a: tuple[float, ...], second: float = -0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance at η, an array each; `second` is the field of x²."""
    if unit.states is None and unit.components is None:
        fields = _fields(unit, eta, second)
        return np.array([float(unit.mean(*fields, *a))]), np.array(
            [float(unit.variance(*fields, *a))]
        )
    mean, variance = np.empty(len(eta)), np.empty(len(eta))
    unit.mean(eta, mean, *a)
    unit.variance(eta, variance, *a)
    return mean, variance


def _draw(unit: type[UnitType], eta: np.ndarray, u: float, a: tuple[float, ...]) -> np.ndarray:
    if unit.states is None and unit.components is None:
        fields = _fields(unit, eta)
        return np.array(float(unit.sample(*fields, u, *a)))
    out = np.empty(len(eta))
    unit.sample(eta, u, out, *a)
    return out
