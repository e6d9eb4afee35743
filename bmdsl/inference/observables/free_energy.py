"""The free energy of the visible units, in nats, where the hidden ones can be summed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("free_energy", summary="F(v), in nats")


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """F of every chain's visible units, [chains].

    BmError where the hidden units cannot be summed out.
    """
    shaped = {n: machine.program.shaped(n, x) for n, x in state.items() if n not in machine.hidden}
    return machine.free_energy(**shaped)  # type: ignore[attr-defined]  # a Machine is what observes
