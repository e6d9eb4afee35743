"""The structure factor along a lattice's axes: how ordered chains are at each wavelength."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ..products_of_units import lattice, sites
from ..unit_planes import UnitPlanes, along_axes

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word(
    "structure_factor",
    summary="|Σ s(x) exp(ikx)|²/N along the axes, k = 2πm/L; `structure_factor(x)` of a group",
)
MOST = 8
"""Largest m."""


def labels(machine: Phases, group: str) -> tuple[str, ...]:
    """A number for each m from 0 on."""
    return tuple(f"structure_factor[{m}]" for m in range(_waves(machine, group) + 1))


def _waves(machine: Phases, group: str) -> int:
    return max(1, min(MOST, min(lattice(machine, group)) // 2))


def measure(machine: Phases, state: dict[str, np.ndarray], group: str) -> np.ndarray:
    """S(m) = |Σ_x s(x) exp(2πi m x/L)|²/N, the mean over the axes, [chains, wavelengths].

    Of one-of-K units the sum over their states, of which each is less 1/K, times K/(K − 1).
    """
    x = sites(machine, state, group)
    axes = range(1, x.ndim - 1)
    along = (x.sum(axis=tuple(a for a in axes if a != axis)) for axis in axes)
    return _factor(tuple(along), int(np.prod(x.shape[1:-1])), _waves(machine, group))


def _factor(along: tuple[np.ndarray, ...], units: int, last: int) -> np.ndarray:
    """S(0) to S(last) from the sums of s over the planes of each axis, [..., places, numbers of a
    unit].
    """
    out = np.zeros((*along[0].shape[:-2], last + 1))
    for sums in along:
        length, k = sums.shape[-2:]
        if k > 1:
            sums = (sums - units / length / k) * np.sqrt(k / (k - 1))
        wave = np.fft.rfft(sums, axis=-2)[..., : last + 1, :]
        out += (wave.real**2 + wave.imag**2).sum(axis=-1) / units / len(along)
    return out


def planes(machine: Phases, group: str) -> UnitPlanes:
    """The sums that `measure` has the waves of."""
    axes, states = lattice(machine, group), machine.program.states[group]
    units, last = int(np.prod(axes)), _waves(machine, group)
    return along_axes(group, axes, states, lambda along: _factor(along, units, last))


def figures(machine: Phases, group: str, mean: np.ndarray) -> dict[str, float]:
    """The means, and the second-moment correlation length ξ = √(S(0)/S(1) − 1)/(2 sin(π/L)), of
    periodic lattices whose mean is 0 (Cooper, Freedman & Preston 1982, Nucl. Phys. B 210, 210).
    """
    named = dict(zip(labels(machine, group), map(float, mean), strict=True))
    shortest = min(lattice(machine, group))
    ratio = float(mean[0] / mean[1]) - 1 if mean[1] > 0 else np.inf
    length = max(0.0, ratio) ** 0.5 / (2 * np.sin(np.pi / max(2, shortest)))
    return {"correlation_length": float(length), **named}
