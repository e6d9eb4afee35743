"""Whether a unit type is what it says: its functions are there, and agree with one another on a small grid of fields.

A type that someone registers is checked once; the built-in ones are checked by the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from .interface import UnitType

ETAS = (-2.5, -0.8, 0.3, 1.7)
STEP = 1e-4
DRAWS = 4000
PARTS = ("log_partition", "mean", "variance", "sample", "log_base")

Kind = type[UnitType]


def verify(unit: Kind) -> None:
    """BmError BM852 with the first thing that does not fit: a missing function, A′ ≠ mean, A″ ≠ variance, draws with another mean."""
    for problem in problems(unit):
        raise fail("BM852", f"unit type `{getattr(unit, 'name', unit.__name__)}`: {problem}", help="the interface is in docs/new-unit-type.md")


def problems(unit: Kind) -> Iterator[str]:
    """All that is wrong, in words."""
    if not isinstance(getattr(unit, "name", None), str) or not unit.name.isidentifier():
        yield "it has no `name`"
        return
    wanted = (*PARTS, *(("mean_square",) if "x^2" in unit.statistics else ()))
    missing = [p for p in wanted if getattr(unit, p, None) is None]
    if missing:
        yield f"it has no {', '.join(f'`{p}`' for p in missing)}"
        return
    arguments = example_arguments(unit)
    try:
        yield from _one_of_k(unit) if unit.states is not None else _numbers(unit, arguments)
    except Exception as error:  # a user's own code: whatever it raises is what is wrong with it
        yield f"its functions cannot be evaluated: {type(error).__name__}: {error}"


def example_arguments(unit: Kind) -> tuple[float, ...]:
    """A value of every argument: its default, else a small number within its bounds."""
    return tuple(float(o.default) if o.default is not None else max(3.0, float(o.low or 0)) for o in unit.options if o.name != unit.states)


def _fields(unit: Kind) -> list[tuple[float, ...]]:
    return [(eta, second) for eta in ETAS for second in (-0.2, 0.0)] if "x^2" in unit.statistics else [(eta,) for eta in ETAS]


def _numbers(unit: Kind, arguments: tuple[float, ...]) -> Iterator[str]:
    support = unit.support(*arguments)
    for eta in _fields(unit):
        shown = "η = " + ", ".join(f"{e:g}" for e in eta)

        def at(part: Any, shift: float = 0.0, eta: tuple[float, ...] = eta) -> float:
            return float(part(eta[0] + shift, *eta[1:], *arguments))

        mean, variance = at(unit.mean), at(unit.variance)
        yield from _differs("mean", mean, (at(unit.log_partition, STEP) - at(unit.log_partition, -STEP)) / (2 * STEP), f"A′ at {shown}")
        yield from _differs("variance", variance, (at(unit.mean, STEP) - at(unit.mean, -STEP)) / (2 * STEP), f"the derivative of `mean` at {shown}")
        if "x^2" in unit.statistics:
            yield from _differs("mean_square", at(unit.mean_square), variance + mean * mean, f"variance + mean² at {shown}")
        draws = np.array([float(unit.sample(*eta, (k + 0.5) / DRAWS, *arguments)) for k in range(DRAWS)])
        if not np.asarray(unit.contains(draws, *arguments)).all():
            yield f"`sample` leaves the domain at {shown}: {draws[~np.asarray(unit.contains(draws, *arguments))][0]:g}"
        yield from _differs("sample", float(draws.mean()), mean, f"the mean at {shown}, over all uniforms", 0.02 * max(1.0, variance**0.5))
        if support is not None:
            weights = np.array([sum(e * x**p for p, e in enumerate(eta, 1)) + float(unit.log_base(x, *arguments)) for x in support])
            exact = float(weights.max() + np.log(np.exp(weights - weights.max()).sum()))
            yield from _differs("log_partition", at(unit.log_partition), exact, f"the sum over `support` at {shown}")
    if support is not None and not np.asarray(unit.contains(np.asarray(support, float), *arguments)).all():
        yield "`contains` refuses a state of `support`"
    if np.asarray(unit.contains(np.array([np.nan]), *arguments)).any():
        yield "`contains` accepts NaN"


def _one_of_k(unit: Kind) -> Iterator[str]:
    eta = np.array(ETAS)
    mean, variance, draw = np.empty(len(eta)), np.empty(len(eta)), np.empty(len(eta))
    unit.mean(eta, mean)
    unit.variance(eta, variance)
    for k in range(len(eta)):
        up, down = eta.copy(), eta.copy()
        up[k] += STEP
        down[k] -= STEP
        slope = (float(unit.log_partition(up)) - float(unit.log_partition(down))) / (2 * STEP)
        yield from _differs("mean", float(mean[k]), slope, f"∂A/∂η at state {k}")
        high, low = np.empty(len(eta)), np.empty(len(eta))
        unit.mean(up, high)
        unit.mean(down, low)
        yield from _differs("variance", float(variance[k]), float(high[k] - low[k]) / (2 * STEP), f"the derivative of `mean` at state {k}")
    total = np.zeros(len(eta))
    for n in range(DRAWS):
        unit.sample(eta, (n + 0.5) / DRAWS, draw)
        if draw.sum() != 1 or not ((draw == 0) | (draw == 1)).all():
            yield "`sample` writes something that is not one-hot"
            return
        total += draw
    for k in range(len(eta)):
        yield from _differs("sample", float(total[k] / DRAWS), float(mean[k]), f"the mean of state {k}, over all uniforms", 0.01)


def _differs(name: str, found: float, wanted: float, what: str, tolerance: float = 0.0) -> Iterator[str]:
    if not abs(found - wanted) <= max(tolerance, 1e-5 * max(1.0, abs(wanted))):
        yield f"`{name}` gives {found:.6g}, but {what} is {wanted:.6g}"
