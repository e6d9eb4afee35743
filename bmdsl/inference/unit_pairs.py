"""Sums over pairs of units, or over planes of a lattice, that the routine of the sweeps takes, and
what observables they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runtime.bit_entries import NotBits
from ..schedule.bit_ops import LANES
from ..schedule.routines.bit_sweeps import BITS
from ..schedule.routines.pairs import PAIRS, Pairs
from .unit_planes import UnitPlanes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runtime.binding import Source
    from .phases import Phases

Array = np.ndarray


@dataclass(frozen=True)
class UnitPairs:
    """Pairs of a unit of `first` and one of `second`, `distances` apart along the lattice's axes;
    if there are no distances, of the same unit of one group in two chains.
    """

    first: str
    second: str
    axes: tuple[int, ...]
    states: int
    """Numbers of a unit: K of a one-of-K unit."""
    distances: range = range(0)

    @property
    def width(self) -> int:
        """Sums of a record and row; 0 where it is one number, without an axis of its own."""
        return len(self.distances)

    @property
    def wanted(self) -> Pairs:
        """What the routine is told."""
        return Pairs(self.first, self.second, bool(self.distances))

    def counts(self) -> Array:
        """How many pairs there are at each distance, [numbers]."""
        units = int(np.prod(self.axes))
        if not self.distances:
            return np.array([units])
        each = [sum(units // n * max(0, n - r) for n in self.axes) for r in self.distances]
        return np.array(each)

    def rows(self, chains: int) -> int:
        """Chains, or pairs of them."""
        return chains if self.distances else chains // 2

    def means(self, sums: Array) -> Array:
        """The mean of how much alike the units of a pair are, of sums of products [..., numbers]:
        x y, and (K δ − 1)/(K − 1) of one-of-K units.
        """
        count = self.counts()
        if self.states > 1:
            sums = (self.states * sums - count) / (self.states - 1)
        return np.where(count > 0, sums / np.maximum(count, 1), np.nan)

    def fixed(self, k: int) -> dict[Source, Any]:
        """What does not change from call to call, of sums number k."""
        if not self.distances:
            return {}
        return {
            (PAIRS, "axes", str(k)): np.array(self.axes, np.int64),
            f"distance_{k}": self.distances.start,
            f"per_unit_{k}": self.states,
        }

    def of_counts(self, counts: Array, spin: bool) -> Array:
        """The sums, of counts of pairs [draws, numbers, rows] that differ, or are both 1."""
        return self.counts()[:, None] - 2 * counts if spin else counts


UnitSums = UnitPairs | UnitPlanes


class SumsOfPairs:
    """The arrays of one run that sums or counts go into."""

    def __init__(self, pairs: Sequence[UnitSums], chains: int, words: int = 0) -> None:
        self.pairs, self.chains, self.columns = pairs, chains, 64 * words
        self._now: list[Array] = []

    @property
    def size(self) -> int:
        """Numbers of a record."""
        return sum(max(1, p.width) * (self.columns or p.rows(self.chains)) for p in self.pairs)

    def fixed(self) -> dict[Source, Any]:
        """What does not change from call to call."""
        return {n: x for k, p in enumerate(self.pairs) for n, x in p.fixed(k).items()}

    def of_bits(self, machine: Phases, words: int, many: bool) -> dict[Source, Any]:
        """The same of chains that are bits. Raises NotBits for pairs of a spin and a unit that is
        0 or 1.
        """
        out = {key: x for key, x in self.fixed().items() if not str(key).startswith("per_unit")}
        for k, p in enumerate(self.pairs):
            spins = {machine.program.plan.group(n).unit.name == "spin" for n in (p.first, p.second)}
            if len(spins) > 1:
                raise NotBits("pairs of a spin and a unit that is 0 or 1 are summed as numbers")
            if isinstance(p, UnitPairs):
                out[f"both_{k}"] = int(spins == {False})
        parts, each = (words // LANES, LANES) if many else (words, 1)
        for n in {n for p in self.pairs for n in (p.first, p.second)}:
            room = each * machine.program.sizes[n] + LANES
            out[BITS, "laid", n] = np.zeros((parts, room), np.int64)
        return out

    def call(self, draws: int) -> dict[Source, Any]:
        """Room for a call's records."""
        self._now = []
        for p in self.pairs:
            numbers = (p.width,) if p.width else ()
            shape = (draws, *numbers, self.columns or p.rows(self.chains))
            self._now.append(np.zeros(shape, np.int64 if self.columns else np.float64))
        return {(PAIRS, "sums", str(k)): x for k, x in enumerate(self._now)}

    def means(self, machine: Phases) -> list[Array]:
        """What a call has found, [numbers, rows, draws] of each."""
        out = []
        for p, x in zip(self.pairs, self._now, strict=True):
            sums = x if p.width else x[:, None]
            if self.columns:
                sums = sums[..., : self.chains] if p.width else sums[..., ::2]
                spin = machine.program.plan.group(p.first).unit.name == "spin"
                sums = p.of_counts(sums[..., : p.rows(self.chains)].astype(np.float64), spin)
            out.append(np.moveaxis(p.means(np.moveaxis(sums, 1, 2)), (0, 1, 2), (2, 1, 0)))
        return out
