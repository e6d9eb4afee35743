"""Unnormalised responsibilities: how well each component of a mixture explains a case, on no common
scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ..feature import minus_free_energies

if TYPE_CHECKING:
    from ..machine import Machine

WORD = Word(
    "unnormalised", summary="−F(v, z_k) of every state of the hidden one-of-K unit, in nats"
)


def compute(machine: Machine, state: dict[str, np.ndarray]) -> np.ndarray:
    """−F(v, z_k), [cases, K], in nats (Nair & Hinton 2008, section 4.1)."""
    return minus_free_energies(machine, state)
