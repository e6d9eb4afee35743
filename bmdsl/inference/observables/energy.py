"""The energy as it is written, in nats: E(x), base measures left out, so that a chain at beta has P
∝ base(x) exp(−beta E).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ...runtime.listing import Listing
from ...runtime.tallies import ProductSum

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("energy", summary="E(x) as written, in nats")
KIND = "energy"


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """E of every chain, [chains]."""
    return machine.written_energy(state)


def products(machine: Phases) -> ProductSum | None:
    """E as a sum over couplings and biases, of lattices and graphs."""
    listing, f = machine.program.listing, machine.held_fields()
    if listing is None or not machine.program.plan.all_listed or f.bias2:
        return None
    values = listing.values(machine.program.tail(machine.params), machine.dtype)
    terms = _Terms(listing, values)
    parts = [] if listing.are_cells else list(terms)
    for name, offset in listing.offset.items():
        b = np.asarray(f.bias[name], np.float64).reshape(-1)
        columns = offset + np.flatnonzero(b)
        parts.append((columns[:, None], -b[columns - offset]))
    return ProductSum(tuple(parts), f.constant, terms if listing.are_cells else ())


@dataclass(frozen=True)
class _Terms:
    """All couplings of E: columns and values, of a large lattice a block at a time."""

    listing: Listing
    values: np.ndarray

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for columns, value in self.listing.couplings(self.values):
            yield columns.astype(np.int64), -value.astype(np.float64)
