"""The cases themselves: what other features are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word

if TYPE_CHECKING:
    from ..machine import Machine

WORD = Word("data", summary="the visible units as they are")


def compute(machine: Machine, state: dict[str, np.ndarray]) -> np.ndarray:
    """v, [cases, visible units]."""
    return np.hstack([state[n] for n in machine.visible])
