"""Hidden means of every hidden group side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word

if TYPE_CHECKING:
    from ..machine import Machine

WORD = Word("means", summary="hidden means of all groups side by side")


def compute(machine: Machine, state: dict[str, np.ndarray]) -> np.ndarray:
    """E[h | v], [cases, hidden units]. BmError BM816 without hidden units."""
    if not machine.hidden:
        raise fail(
            "BM816",
            f"`{machine.model.name}` has no hidden units, whose means would be features",
            help='use features = "data"',
        )
    means = machine.posterior(**{n: machine.program.shaped(n, x) for n, x in state.items()})
    return np.hstack([means[n].reshape(len(means[n]), -1) for n in machine.hidden])
