"""What chains say of a model at one temperature: means, responses and their errors.

With E(x) as it is written, m(x) the mean over the units of the first visible group, N units of all
groups, and P ∝ exp(−βE):

    e = ⟨E⟩/N      |m|      c = β² (⟨E²⟩ − ⟨E⟩²)/N      χ = β N (⟨m²⟩ − ⟨|m|⟩²)
    U = 1 − ⟨m⁴⟩/(3 ⟨m²⟩²)      (Binder 1981, Z. Phys. B 43, 119)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

Array = np.ndarray
FEWEST_PARTS = 16
"""Parts of the draws that the jackknife leaves out one by one: chains, or stretches of them."""
FIGURES = {
    "energy": "energy a unit",
    "abs_magnetization": "|magnetization|",
    "specific_heat": "specific heat a unit",
    "susceptibility": "susceptibility a unit",
    "binder": "Binder cumulant",
}
"""Name of a figure → what a picture calls it."""


class Estimate(NamedTuple):
    """A figure and its standard error."""

    value: float
    error: float


def scan_figures(
    energy: Array, magnetization: Array, beta: float, units: int
) -> dict[str, Estimate]:
    """The figures from traces [chains, draws], with errors by the jackknife over chains, which are
    independent; few chains are cut into stretches.
    """
    moments = np.stack(_moments(energy, magnetization), axis=-1)
    return jackknife(moments, lambda mean: figures_of_means(mean, beta, units))


def jackknife(
    records: Array, figures: Callable[[Array], Mapping[str, float]]
) -> dict[str, Estimate]:
    """Figures of the means of records [chains, draws, numbers], with errors from leaving out one
    chain, or one stretch of few of them, after another.
    """
    chains, draws, _ = records.shape
    cuts = min(draws, -(-FEWEST_PARTS // chains))
    parts = [p.mean(axis=1) for p in np.array_split(records, cuts, axis=1)]
    sums = np.concatenate(parts)
    count = len(sums)
    mean = sums.mean(axis=0)
    whole = figures(mean)
    if count < 2:
        return {n: Estimate(x, float("nan")) for n, x in whole.items()}
    without = (count * mean - sums) / (count - 1)
    each = [figures(x) for x in without]
    out = {}
    for name, value in whole.items():
        x = np.array([f[name] for f in each])
        spread = (count - 1) / count * float(((x - x.mean()) ** 2).sum())
        out[name] = Estimate(value - (count - 1) * (float(x.mean()) - value), spread**0.5)
    return out


def _moments(energy: Array, m: Array) -> tuple[Array, ...]:
    """E and its square from near their middle, so that no digits are lost; |m|, m², m⁴."""
    return energy, energy**2, np.abs(m), m**2, m**4


def figures_of_means(mean: Array, beta: float, units: int) -> Mapping[str, float]:
    """The figures from the means of E, E², |m|, m² and m⁴."""
    e, e2, a, m2, m4 = (float(x) for x in mean)
    return {
        "energy": e / units,
        "abs_magnetization": a,
        "specific_heat": beta**2 * (e2 - e**2) / units,
        "susceptibility": beta * units * (m2 - a**2),
        "binder": 1 - m4 / (3 * m2**2) if m2 else 0.0,
    }
