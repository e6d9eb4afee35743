"""Kinds of op of experts s_j f(c_j + Σ x M): entries of their projections, functions inside
functions, gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np

from ..language.late import special
from .ops import double, op, reads, real, updates, whole, writes

Array = np.ndarray


@dataclass(frozen=True)
class Function:
    """f and f′ of an expert's argument."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


FUNCTIONS = {
    "softplus": Function(lambda u: np.logaddexp(0, u), lambda u: special.expit(u)),
    "log1p": Function(np.log1p, lambda u: 1 / (1 + u)),
    "square": Function(np.square, lambda u: 2 * u),
    "abs": Function(np.abs, np.sign),
    "logcosh": Function(lambda u: np.abs(u) + np.log1p(np.exp(-2 * np.abs(u))) - log(2), np.tanh),
}
"""The functions that experts are made of; kernels know them by their place in this order."""
CODES = {name: code for code, name in enumerate(FUNCTIONS)}


# ------------------------------------------------------------ entries


@op("{out} = {scale}", scale=double(), out=writes(1, "f8"))
def begin_products(scale: float, out: Array) -> None:
    """Every entry's product begins with a number."""
    out[:] = scale


@op(
    "{out} *= {W}[{places}]^{power}",
    W=reads(),
    places=reads(1, "i8"),
    power=whole(),
    out=updates(1, "f8"),
)
def times_entries(W: Array, places: Array, power: int, out: Array) -> None:
    """Every entry times a power of an entry of W."""
    out *= W.reshape(-1)[places].astype(np.float64) ** power


@op(
    "{out} *= d {W}[{places}]^{power} / d {W}",
    W=reads(),
    places=reads(1, "i8"),
    power=whole(),
    out=updates(1, "f8"),
)
def times_slopes(W: Array, places: Array, power: int, out: Array) -> None:
    """Every entry times the derivative of a power of an entry of W."""
    out *= power * W.reshape(-1)[places].astype(np.float64) ** (power - 1)


@op(
    "{out}[{slots}] += {values}",
    values=reads(1, "f8"),
    slots=reads(1, "i8"),
    out=updates(),
)
def add_entries(values: Array, slots: Array, out: Array) -> None:
    """Adds every entry at its place in the rows of `out`, one after another."""
    out += np.bincount(slots, values, out.size).reshape(out.shape).astype(out.dtype)


@op(
    "{gradient}[{places}] += {scale} {moment}[{slots}] {values}",
    moment=reads(),
    slots=reads(1, "i8"),
    values=reads(1, "f8"),
    places=reads(1, "i8"),
    scale=real(),
    gradient=updates(),
)
def add_entry_moments(
    moment: Array, slots: Array, values: Array, places: Array, scale: float, gradient: Array
) -> None:
    """Adds to each parameter's entry the moments of the entries that it is a factor of."""
    weight = moment.reshape(-1)[slots].astype(np.float64) * values
    made = scale * np.bincount(places, weight, gradient.size)
    gradient += made.reshape(gradient.shape).astype(gradient.dtype)


# ------------------------------------------------------------ functions


@op(
    "{value} = {u}, {slope} = 1",
    indices="rj rj rj",
    u=reads(),
    value=writes(),
    slope=writes(),
)
def begin_functions(u: Array, value: Array, slope: Array) -> None:
    """What functions are applied to, one inside the other."""
    value[...] = u
    slope[...] = 1


@op(
    "{value} = softplus({scale} {value}), {slope} its slope",
    indices="rj rj",
    scale=real(),
    value=updates(),
    slope=updates(),
)
def apply_softplus(scale: float, value: Array, slope: Array) -> None:
    """log(1 + e^u) of u = scale · value; the slope by the chain rule."""
    _apply("softplus", scale, value, slope)


@op(
    "{value} = log(1 + {scale} {value}), {slope} its slope",
    indices="rj rj",
    scale=real(),
    value=updates(),
    slope=updates(),
)
def apply_log1p(scale: float, value: Array, slope: Array) -> None:
    """log(1 + u) of u = scale · value; the slope by the chain rule."""
    _apply("log1p", scale, value, slope)


@op(
    "{value} = ({scale} {value})², {slope} its slope",
    indices="rj rj",
    scale=real(),
    value=updates(),
    slope=updates(),
)
def apply_square(scale: float, value: Array, slope: Array) -> None:
    """u² of u = scale · value; the slope by the chain rule."""
    _apply("square", scale, value, slope)


@op(
    "{value} = |{scale} {value}|, {slope} its slope",
    indices="rj rj",
    scale=real(),
    value=updates(),
    slope=updates(),
)
def apply_abs(scale: float, value: Array, slope: Array) -> None:
    """|u| of u = scale · value; the slope by the chain rule, 0 at 0."""
    _apply("abs", scale, value, slope)


@op(
    "{value} = log cosh({scale} {value}), {slope} its slope",
    indices="rj rj",
    scale=real(),
    value=updates(),
    slope=updates(),
)
def apply_logcosh(scale: float, value: Array, slope: Array) -> None:
    """log cosh u of u = scale · value; the slope by the chain rule."""
    _apply("logcosh", scale, value, slope)


def _apply(name: str, scale: float, value: Array, slope: Array) -> None:
    f, u = FUNCTIONS[name], value.dtype.type(scale) * value
    slope *= value.dtype.type(scale) * f.slope(u)
    value[...] = f.value(u)


@op("{x} = {x} diag({s})", indices="rj oj", x=updates(), s=reads())
def scale_columns(x: Array, s: Array) -> None:
    """Every column times a number of its own."""
    x *= s
