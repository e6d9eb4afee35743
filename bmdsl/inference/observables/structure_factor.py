"""The structure factor along a lattice's axes: how ordered chains are at each wavelength."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ..products_of_units import lattice, sites

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
    k = x.shape[-1]
    if k > 1:
        x = (x - 1 / k) * np.sqrt(k / (k - 1))
    axes = range(1, x.ndim - 1)
    units = int(np.prod(x.shape[1:-1]))
    out = np.zeros((len(x), _waves(machine, group) + 1))
    for axis in axes:
        rest = tuple(a for a in axes if a != axis)
        wave = np.fft.fft(x.sum(axis=rest), axis=1)[:, : out.shape[1]]
        out += (np.abs(wave) ** 2).sum(axis=2) / units / len(axes)
    return out


def figures(machine: Phases, group: str, mean: np.ndarray) -> dict[str, float]:
    """The means, and the second-moment correlation length ξ = √(S(0)/S(1) − 1)/(2 sin(π/L)), of
    periodic lattices whose mean is 0 (Cooper, Freedman & Preston 1982, Nucl. Phys. B 210, 210).
    """
    named = dict(zip(labels(machine, group), map(float, mean), strict=True))
    shortest = min(lattice(machine, group))
    ratio = float(mean[0] / mean[1]) - 1 if mean[1] > 0 else np.inf
    length = max(0.0, ratio) ** 0.5 / (2 * np.sin(np.pi / max(2, shortest)))
    return {"correlation_length": float(length), **named}
