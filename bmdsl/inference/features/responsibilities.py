"""P(z | v) of the hidden one-of-K unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.late import special
from ...language.vocabulary import Word
from ..feature import minus_free_energies

if TYPE_CHECKING:
    from ..machine import Machine

WORD = Word(
    "responsibilities",
    summary="P(z | v) of the hidden one-of-K unit, at the train block's temperature",
)


def compute(machine: Machine, state: dict[str, np.ndarray]) -> np.ndarray:
    """P(z_k | v) ∝ exp(−F(v, z_k)/T): [cases, K] (Nair & Hinton 2008, eq. 13)."""
    z = next((n for n in machine.hidden if machine.program.plan.is_one_unit(n)), "")
    found = next((t.stop for t in machine.model.training.temperature if t.group == z), 1.0)
    return special.softmax(minus_free_energies(machine, state) / found, axis=1).astype(
        machine.dtype
    )
