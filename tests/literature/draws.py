"""Whether draws come from an entry's distribution."""

from __future__ import annotations

import numpy as np

from tests import stats

from .harness import Entry, State
from .reference import Domain, Sums, units_of
from .units import Array


def verify_draws(entry: Entry, drawn: State, domain: Domain, sums: Sums) -> None:
    """χ² of the finite units' joint state, z-tests of moments of the others and of products."""
    cell, features = np.zeros(len(next(iter(drawn.values()))), int), []
    for name, place in units_of(entry, list(entry.free)):
        units = entry.groups[name]
        values, rows = drawn[name][(slice(None), *place)], sums.states[name][(slice(None), *place)]
        assert np.isfinite(values).all(), f"{name}{list(place)} is not finite"
        if units.kind == "finite":
            at = _states_of(values, units.states)
            cell = cell * len(units.states) + at
            first = (lambda s: s[..., 0]) if units.states.ndim > 1 else (lambda s: s)
            features.append((first(values), first(rows)))
        elif units.kind == "gaussian":
            k = sums.gaussians.index((name, place))
            features += [(values, rows), (values**2, rows**2 + sums.covariance[:, k, k])]
        else:
            low, high = units.ends
            assert ((values >= low) & (values <= high)).all(), f"{name} leaves its domain"
            features += [(np.tanh(values), np.tanh(rows)), (1 / (1 + values**2), 1 / (1 + rows**2))]
    if any(u.kind == "finite" for u in entry.free.values()):
        probabilities = np.bincount(domain.cell, sums.weights)
        stats.verify_counts(np.bincount(cell, minlength=len(probabilities)), probabilities)
    for values, rows in features:
        stats.verify_mean(values, float(sums.weights @ rows))
    _verify_products(entry, drawn, sums)


def _verify_products(entry: Entry, drawn: State, sums: Sums) -> None:
    """E[f(x) f(y)] of a real unit and another unit: f is tanh if a unit has quadrature nodes."""
    for name, place in units_of(entry, list(entry.free)):
        if entry.groups[name].kind == "finite":
            continue
        x, x_rows = _scalars(entry, drawn, sums, name, place)
        for other, there in units_of(entry, list(entry.free)):
            if (other, there) == (name, place):
                continue
            y, y_rows = _scalars(entry, drawn, sums, other, there)
            exact = x_rows * y_rows
            if (name, place) in sums.gaussians and (other, there) in sums.gaussians:
                k, m = (sums.gaussians.index(unit) for unit in ((name, place), (other, there)))
                exact = exact + sums.covariance[:, k, m]
            stats.verify_mean(x * y, float(sums.weights @ exact))


def _scalars(
    entry: Entry, drawn: State, sums: Sums, name: str, place: tuple[int, ...]
) -> tuple[Array, Array]:
    """A number of one unit in every draw, and in every row of the sums."""
    pair = [states[name][(slice(None), *place)] for states in (drawn, sums.states)]
    if entry.groups[name].kind == "nodes":
        pair = [np.tanh(x) for x in pair]
    values, rows = (x[..., 0] if entry.groups[name].states.ndim > 1 else x for x in pair)
    return values, rows


def _states_of(values: Array, states: Array) -> Array:
    """The number of each value among a unit's states; AssertionError if it is none of them."""
    apart = np.abs(values[:, None] - states[None]).reshape(len(values), len(states), -1).max(2)
    assert (apart.min(1) < 1e-9).all(), "a draw is none of the unit's states"
    return apart.argmin(1)
