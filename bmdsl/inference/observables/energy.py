"""The energy as it is written, in nats: E(x), base measures left out, so that a chain at beta has P
∝ base(x) exp(−beta E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
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
    values = listing.written_out(
        listing.values(machine.program.tail(machine.params), machine.dtype)
    )
    parts = [
        (p.places.astype(np.int64), -values[p.number].astype(np.float64)) for p in listing.parts
    ]
    for name, offset in listing.offset.items():
        b = np.asarray(f.bias[name], np.float64).reshape(-1)
        columns = offset + np.flatnonzero(b)
        parts.append((columns[:, None], -b[columns - offset]))
    return ProductSum(tuple(parts), f.constant)
