"""The states of one unit as a list: all of them where they are finitely many, else the nodes from
which a quadrature starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units.interface import UnitType

Array = np.ndarray
HERMITE, LEGENDRE, CIRCLE, COUNTS, GRID = 8, 32, 16, 60, 200
FAR = 1e6


@dataclass(frozen=True)
class Nodes:
    """`states` [nodes] or [nodes, K]; `log_weights` [nodes] hold the base measure.

    `exact` False: an integral, whose nodes go where the model's mass is.

    `kind`: `list` of all states, `circle`, `counts`, `line` (a Gaussian given the rest), or
    `interval`, `low` to `high`; `width` of the base measure.
    """

    states: Array
    log_weights: Array
    exact: bool
    kind: str = "list"
    low: float = -np.inf
    high: float = np.inf
    width: float = 1.0


def nodes_of(
    unit: type[UnitType], arguments: tuple[float, ...], states: int | None, expert: bool = False
) -> Nodes | None:
    """None where neither a list nor a quadrature is known.

    Units that experts see need a grid: they are no Gaussian times a polynomial.
    """
    if unit.states is not None:
        support = unit.support(float(states or 1))
        return (
            None
            if support is None
            else Nodes(np.asarray(support, float), np.zeros(len(support)), True)
        )
    if unit.components is not None:
        return _circle(unit, arguments)
    if unit.draws_within:
        return None  # what is drawn is not quite what A says
    support = unit.support(*arguments)
    if support is not None:
        x = np.asarray(support, float)
        return Nodes(x, base_of(unit, x, arguments), True)
    low, high = np.asarray(unit.contains(np.array([-FAR, FAR]), *arguments))
    if not np.asarray(unit.contains(np.array([0.5]), *arguments))[0]:
        x = np.arange(-COUNTS if low else 0.0, COUNTS + 1.0)
        return Nodes(x, base_of(unit, x, arguments), False, "list" if low else "counts")
    if low and high:
        return _grid(unit, arguments) if expert else _line(unit, arguments)
    return _interval(unit, arguments, bool(high))


def base_of(unit: type[UnitType], x: Array, arguments: tuple[float, ...]) -> Array:
    """log base measure at each of x, [n]."""
    return np.array([float(unit.log_base(float(v), *arguments)) for v in x])


def _width(unit: type[UnitType], arguments: tuple[float, ...]) -> float:
    """σ of a base measure that falls like a Gaussian's."""
    return float(
        (-2 * (unit.log_base(1e3, *arguments) - unit.log_base(0.0, *arguments)) / 1e6) ** -0.5
    )


def _line(unit: type[UnitType], arguments: tuple[float, ...]) -> Nodes:
    x, w = np.polynomial.hermite_e.hermegauss(HERMITE)
    s = _width(unit, arguments)
    at = base_of(unit, s * np.array([0.0, 1.0, -1.0, 2.0]), arguments) - base_of(
        unit, np.zeros(1), arguments
    )
    if abs(at[1] - at[2]) > 1e-9 or abs(at[3] - 4 * at[1]) > 1e-9:
        return _grid(unit, arguments)  # no Gaussian base measure
    rest = base_of(unit, s * x, arguments) + x * x / 2
    return Nodes(s * x, np.log(s * w) + rest, False, "line", width=s)


def _grid(unit: type[UnitType], arguments: tuple[float, ...]) -> Nodes:
    s = _width(unit, arguments)
    x = np.linspace(-7 * s, 7 * s, GRID)
    return Nodes(x, base_of(unit, x, arguments) + np.log(x[1] - x[0]), False, "interval", width=s)


def _interval(unit: type[UnitType], arguments: tuple[float, ...], endless: bool) -> Nodes:
    fields = (0.0,) if "x^2" in unit.statistics else ()
    width = _width(unit, arguments) if endless else 1.0
    end = (
        12 * width if endless else float(unit.mean(1e4, *fields, *arguments)) + 1e-4
    )  # e^{ηx} ends there: its mean is 1/η below
    x, w = np.polynomial.legendre.leggauss(2 * LEGENDRE if endless else LEGENDRE)
    x = end / 2 * (x + 1)
    high = np.inf if endless else end
    return Nodes(
        x, np.log(end / 2 * w) + base_of(unit, x, arguments), False, "interval", 0.0, high, width
    )


def _circle(unit: type[UnitType], arguments: tuple[float, ...]) -> Nodes | None:
    angles = 2 * np.pi * np.arange(CIRCLE) / CIRCLE
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if unit.components != 2 or not np.asarray(unit.contains(x, *arguments)).all():
        return None
    return Nodes(x, np.full(CIRCLE, np.log(2 * np.pi / CIRCLE)), False, "circle")
