"""How often replicas exchange their places, where the negative phase has some."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...language.vocabulary import Word
from ..health import Finding, Look
from ..negative.tempering import ACCEPTED, TRIED

WORD = Word("swaps", summary="exchanges of replicas")

RARE = 0.05


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`swap_rate`: the share of exchanges accepted by the pair of neighbours that accepts fewest."""
    if ACCEPTED not in at.chains or not (at.chains[TRIED] > 0).all():
        return Finding()
    rate = float(np.min(at.chains[ACCEPTED] / at.chains[TRIED]))
    return Finding({"swap_rate": rate}, f"replicas hardly exchange ({100 * rate:.0f} %): take more" if rate < RARE else "")
