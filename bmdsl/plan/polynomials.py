"""Energies as polynomials of their units: their order, and slopes from a few values."""

from __future__ import annotations

from math import cos, pi, prod

from ..language.model import Model


def order_of(model: Model) -> int:
    """The largest number of factors that are units in one term of the energy, at least 1."""
    return max([1, *(sum(u.power for u in t.units) for t in model.terms)])


def slopes(order: int) -> tuple[tuple[float, float], ...]:
    """(t, w) with Σ w (f(t) − f(−t)) = f′(0) for every polynomial f of this order or less.

    (f(t) − f(−t))/2t is a polynomial in t²: its value at 0 is read off ⌈order/2⌉ places, Lagrange's
    w = Π_j t_j²/(t_j² − t²) / 2t. They are Chebyshev's within 2/order, so that a product of `order`
    factors x + t r grows by a constant only, and little is lost to rounding.
    """
    pairs = max(1, (order + 1) // 2)
    largest = min(1.0, 2 / order) / cos(pi / (4 * pairs))
    places = [largest * cos((2 * k - 1) * pi / (4 * pairs)) for k in range(1, pairs + 1)]
    return tuple(
        (t, prod(u * u / (u * u - t * t) for u in places if u != t) / (2 * t)) for t in places
    )
