"""Whether a unit type is what it says: its functions are there, and agree with one another on a
small grid of fields.

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
    """BmError BM852 with the first thing that does not fit: a missing function, A′ ≠ mean, A″ ≠
    variance, draws with another mean.
    """
    for problem in problems(unit):
        raise fail(
            "BM852",
            f"unit type `{getattr(unit, 'name', unit.__name__)}`: {problem}",
            help="the interface is in docs/new-unit.md",
        )


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
        yield from (
            _vector(unit, arguments)
            if unit.states is not None or unit.components is not None
            else _numbers(unit, arguments)
        )
    except Exception as error:  # a user's own code: whatever it raises is what is wrong with it
        yield f"its functions cannot be evaluated: {type(error).__name__}: {error}"


def example_arguments(unit: Kind) -> tuple[float, ...]:
    """A value of every argument: its default, else a small number within its bounds."""
    return tuple(
        float(o.default) if o.default is not None else max(3.0, float(o.low or 0))
        for o in unit.options
        if o.name != unit.states
    )


def _fields(unit: Kind) -> list[tuple[float, ...]]:
    return (
        [(eta, second) for eta in ETAS for second in (-0.2, 0.0)]
        if "x^2" in unit.statistics
        else [(eta,) for eta in ETAS]
    )


def _numbers(unit: Kind, arguments: tuple[float, ...]) -> Iterator[str]:
    support = unit.support(*arguments)
    for eta in _fields(unit):
        shown = "η = " + ", ".join(f"{e:g}" for e in eta)

        def at(part: Any, shift: float = 0.0, eta: tuple[float, ...] = eta) -> float:
            return float(part(eta[0] + shift, *eta[1:], *arguments))

        mean, variance = at(unit.mean), at(unit.variance)
        yield from _differs(
            "mean",
            mean,
            (at(unit.log_partition, STEP) - at(unit.log_partition, -STEP)) / (2 * STEP),
            f"A′ at {shown}",
        )
        yield from _differs(
            "variance",
            variance,
            (at(unit.mean, STEP) - at(unit.mean, -STEP)) / (2 * STEP),
            f"the derivative of `mean` at {shown}",
        )
        if unit.peak is not None and unit.rest is not None:
            rest = at(unit.rest)
            whole = at(unit.peak) + float(np.log(rest))
            yield from _differs("log_partition", at(unit.log_partition), whole, "peak + log rest")
            if not 1.0 <= rest <= 2.0:
                yield f"`rest` is {rest:g} at {shown}; it must lie between 1 and 2"
        if "x^2" in unit.statistics:
            yield from _differs(
                "mean_square",
                at(unit.mean_square),
                variance + mean * mean,
                f"variance + mean² at {shown}",
            )
        draws = np.array(
            [float(unit.sample(*eta, (k + 0.5) / DRAWS, *arguments)) for k in range(DRAWS)]
        )
        if not np.asarray(unit.contains(draws, *arguments)).all():
            yield (
                f"`sample` leaves the domain at {shown}:"
                f" {draws[~np.asarray(unit.contains(draws, *arguments))][0]:g}"
            )
        yield from _differs(
            "sample",
            float(draws.mean()),
            mean,
            f"the mean at {shown}, over all uniforms",
            0.02 * max(1.0, variance**0.5),
        )
        yield from _differs(
            "sample",
            float(draws.var()),
            variance,
            f"the variance at {shown}, over all uniforms",
            0.02 * max(1.0, variance),
        )
        if support is not None:
            weights = np.array(
                [
                    sum(e * x**p for p, e in enumerate(eta, 1))
                    + float(unit.log_base(x, *arguments))
                    for x in support
                ]
            )
            exact = float(weights.max() + np.log(np.exp(weights - weights.max()).sum()))
            yield from _differs(
                "log_partition", at(unit.log_partition), exact, f"the sum over `support` at {shown}"
            )
    if (
        support is not None
        and not np.asarray(unit.contains(np.asarray(support, float), *arguments)).all()
    ):
        yield "`contains` refuses a state of `support`"
    if np.asarray(unit.contains(np.array([np.nan]), *arguments)).any():
        yield "`contains` accepts NaN"


def _vector(unit: Kind, arguments: tuple[float, ...]) -> Iterator[str]:
    """A type whose state is K numbers, one-hot where they are the states of a one-of-K type."""
    for scale in (1.0, 0.2, 8.0):
        eta = scale * np.array(
            ETAS if unit.states is not None else [*ETAS, *ETAS][: unit.components]
        )
        mean, variance, draws = np.empty(len(eta)), np.empty(len(eta)), np.empty((DRAWS, len(eta)))
        unit.mean(eta, mean, *arguments)
        unit.variance(eta, variance, *arguments)
        for k in range(len(eta)):
            up, down, high, low = eta.copy(), eta.copy(), np.empty(len(eta)), np.empty(len(eta))
            up[k] += STEP
            down[k] -= STEP
            unit.mean(up, high, *arguments)
            unit.mean(down, low, *arguments)
            slope = (
                float(unit.log_partition(up, *arguments))
                - float(unit.log_partition(down, *arguments))
            ) / (2 * STEP)
            shown = f"component {k}, η = {np.array2string(eta, precision=2)}"
            yield from _differs("mean", float(mean[k]), slope, f"∂A/∂η of {shown}")
            yield from _differs(
                "variance",
                float(variance[k]),
                float(high[k] - low[k]) / (2 * STEP),
                f"the derivative of `mean` of {shown}",
            )
        for n in range(DRAWS):
            unit.sample(eta, (n + 0.5) / DRAWS, draws[n], *arguments)
        inside = np.asarray(unit.contains(draws, *arguments))
        if inside.shape != (DRAWS,):
            yield f"`contains` gives {inside.shape} for {draws.shape}: one answer a unit is wanted"
            return
        if not inside.all():
            yield (
                f"`sample` leaves the domain at η = {np.array2string(eta, precision=2)}:"
                f" {draws[~inside][0]}"
            )
            return
        for k in range(len(eta)):
            what = (
                f"the mean of component {k} at η = {np.array2string(eta, precision=2)}, over all"
                " uniforms"
            )
            yield from _differs("sample", float(draws[:, k].mean()), float(mean[k]), what, 0.01)
            spread = (
                f"the variance of component {k} at η = {np.array2string(eta, precision=2)}, over"
                " all uniforms"
            )
            yield from _differs(
                "sample", float(draws[:, k].var()), float(variance[k]), spread, 0.01
            )
    if np.asarray(unit.contains(np.full((1, len(eta)), np.nan), *arguments)).any():
        yield "`contains` accepts NaN"


def _differs(
    name: str, found: float, wanted: float, what: str, tolerance: float = 0.0
) -> Iterator[str]:
    if not abs(found - wanted) <= max(tolerance, 1e-5 * max(1.0, abs(wanted))):
        yield f"`{name}` gives {found:.6g}, but {what} is {wanted:.6g}"
