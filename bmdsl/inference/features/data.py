"""The cases themselves: what other features are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ...runtime.missing import verify_numbers

if TYPE_CHECKING:
    from ..machine import Machine

WORD = Word("data", summary="the visible units as they are")


def compute(machine: Machine, state: dict[str, np.ndarray]) -> np.ndarray:
    """v, [cases, visible units]. BmError BM881 where one is missing."""
    for n in machine.visible:
        verify_numbers(
            machine.program.plan.group(n),
            machine.program.states[n],
            state[n],
            "the feature `data`",
            False,
        )
    return np.hstack([state[n] for n in machine.visible])
