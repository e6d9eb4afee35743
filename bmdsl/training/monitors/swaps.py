"""How often replicas exchange their places, where the negative phase has some."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...language.vocabulary import Word
from ..health import Finding, Look
from ..negative import trajectory
from ..negative.tempering import ACCEPTED, TRIED

WORD = Word("swaps", summary="exchanges of replicas")

RARE = 0.05


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`swap_rate`: the share of exchanges accepted by the pair of neighbours that accepts fewest;
    of a trajectory, that with the last kept machine.

    A trajectory has `log_z` too, in nats, and the number of its `replicas`.
    """
    if trajectory.COUNT in at.chains:
        count = int(at.chains[trajectory.COUNT])
        return Finding(
            {
                "log_z": float(at.chains[trajectory.LOG_Z][count]),
                "replicas": count + 1,
                "swap_rate": float(at.chains[trajectory.RATE]),
            }
        )
    if ACCEPTED not in at.chains or not (at.chains[TRIED] > 0).all():
        return Finding()
    rate = float(np.min(at.chains[ACCEPTED] / at.chains[TRIED]))
    return Finding(
        {"swap_rate": rate},
        f"replicas hardly exchange ({100 * rate:.0f} %): take more" if rate < RARE else "",
    )
