"""A unit type held against itself at length: formulas over a wide grid of fields, draws against them, and the compiled single-precision code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .. import model as handle
from .. import units
from ..language.vocabulary import Option
from .conformance import example_arguments, problems
from .interface import UnitType

WIDE = (-12.0, -6.0, -3.0, -1.5, -0.5, 0.0, 0.5, 1.5, 3.0, 6.0)
FAR = (-1e4, -300.0, 300.0, 1e4)
STEP = 1e-4
UNIFORMS = 20_000
COPIES, CHAINS = 512, 64
ERRORS = 5.0
"""Standard errors that a mean over random draws may be off."""


@dataclass(frozen=True)
class Finding:
    """One line of the check: what was compared, the largest difference, how much is allowed, and where it was largest."""

    what: str
    error: float
    tolerance: float
    where: str

    @property
    def passed(self) -> bool:
        return bool(self.error <= self.tolerance)


def examine(name: str) -> tuple[list[Finding], list[str]]:
    """Every comparison for a registered type, in order, and what its interface lacks, in words. BmError for an unknown name."""
    unit = units.get(name)
    wrong = list(problems(unit))
    return ([] if wrong else [*_formulas(unit), *_compiled(unit)]), wrong


def _formulas(unit: type[UnitType]) -> Iterator[Finding]:
    a = example_arguments(unit)
    size = int(unit.components or 3) if unit.components is not None or unit.states is not None else 0
    grid = [np.resize([e, -0.3 * e, 0.1], size) for e in WIDE] if size else [np.array([e]) for e in WIDE]
    tolerance = {"mean against A′": 1e-5, "variance against A″": 1e-5, "draws against the mean": 0.02, "draws against the variance": 0.02}
    rows: dict[str, list[tuple[float, str]]] = {what: [] for what in tolerance}
    finite = []
    for eta in grid:
        shown = "η = " + ", ".join(f"{e:g}" for e in eta)
        mean, variance = _moments(unit, eta, a)
        for k in range(len(eta)):
            step = np.zeros(len(eta))
            step[k] = STEP
            slope = (_log_partition(unit, eta + step, a) - _log_partition(unit, eta - step, a)) / (2 * STEP)
            bend = (_moments(unit, eta + step, a)[0][k] - _moments(unit, eta - step, a)[0][k]) / (2 * STEP)
            rows["mean against A′"].append((abs(mean[k] - slope) / max(1.0, abs(slope)), shown))
            rows["variance against A″"].append((abs(variance[k] - bend) / max(1.0, abs(bend)), shown))
        drawn = np.array([_draw(unit, eta, (n + 0.5) / UNIFORMS, a) for n in range(UNIFORMS)]).reshape(UNIFORMS, -1)
        spread, slack = np.maximum(variance, 1e-12) ** 0.5, unit.draws_within
        rows["draws against the mean"].append((float(np.max(np.maximum(0.0, np.abs(drawn.mean(0) - mean) - slack) / np.maximum(spread, 0.05))), shown))
        rows["draws against the variance"].append((float(np.max(np.maximum(0.0, np.abs(drawn.var(0) - variance) - slack) / np.maximum(variance, 0.05))), shown))
    for far in FAR:
        eta = np.resize([far, 0.0], size) if size else np.array([far])
        values = [_log_partition(unit, eta, a), *_moments(unit, eta, a)[0], *np.ravel(_draw(unit, eta, 0.3, a))]
        finite.append((0.0 if np.isfinite(values).all() else np.inf, f"η = {far:g}"))
    yield from (_worst(what, found, tolerance[what]) for what, found in rows.items())
    yield _worst("finite far out", finite, 0.0)


def _compiled(unit: type[UnitType]) -> Iterator[Finding]:
    """The generated kernels in single precision: means to rounding, means of draws to their standard errors."""
    options = ", ".join(f"{o.name} = {v:g}" for o, v in zip(_numbers(unit), example_arguments(unit), strict=True))
    options = ", ".join(filter(None, ["3" if unit.states is not None else "", options]))
    at, size = (", k", int(unit.components or 3)) if unit.states is not None or unit.components is not None else ("", 1)
    text = f"model check {{ visible x[{COPIES}] : {unit.name}{f'({options})' if options else ''}  param b  energy = - b{'[k]' if at else ''} x[i{at}] }}"
    machine = handle.parse(text).compile(seed=1)
    means, draws = [], []
    for e in (-2.0, -0.5, 0.5, 2.0):
        eta = np.resize([e, -0.3 * e, 0.1], size)
        machine.params["b"] = eta if at else e
        mean, _ = _moments(unit, eta, example_arguments(unit), 0.0)
        x = machine.sample(CHAINS, steps=1)["x"].astype(np.float64).reshape(CHAINS * COPIES, size)
        found = machine.conditional("x", x=x.reshape(CHAINS, COPIES, *([size] if at else [])))[0].reshape(COPIES, size)[0]
        means.append((float(np.max(np.abs(found - mean) / np.maximum(1.0, np.abs(mean)))), f"η = {e:g}"))
        off = np.maximum(0.0, np.abs(x.mean(0) - mean) - unit.draws_within)
        draws.append((float(np.max(off / np.maximum(x.std(0), 1e-3) * len(x) ** 0.5)), f"η = {e:g}"))
    yield _worst("compiled mean (float32)", means, 1e-4)
    yield _worst("compiled draws, in standard errors", draws, ERRORS)


def _numbers(unit: type[UnitType]) -> list[Option]:
    return [o for o in unit.options if o.name != unit.states]


def _worst(what: str, found: list[tuple[float, str]], tolerance: float) -> Finding:
    error, where = max(found, key=lambda f: f[0] if f[0] == f[0] else np.inf)
    return Finding(what, error, tolerance, where)


def _fields(unit: type[UnitType], eta: np.ndarray, second: float = -0.1) -> tuple[object, ...]:
    if unit.states is not None or unit.components is not None:
        return (eta,)
    return (float(eta[0]), second) if "x^2" in unit.statistics else (float(eta[0]),)


def _log_partition(unit: type[UnitType], eta: np.ndarray, a: tuple[float, ...]) -> float:
    return float(unit.log_partition(*_fields(unit, eta), *a))


def _moments(unit: type[UnitType], eta: np.ndarray, a: tuple[float, ...], second: float = -0.1) -> tuple[np.ndarray, np.ndarray]:
    if unit.states is None and unit.components is None:
        fields = _fields(unit, eta, second)
        return np.array([float(unit.mean(*fields, *a))]), np.array([float(unit.variance(*fields, *a))])
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
