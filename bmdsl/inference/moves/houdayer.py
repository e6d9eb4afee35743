"""Every unit drawn from its conditional, then a cluster exchanged by every two chains (Houdayer
2001, Eur. Phys. J. B 22, 479).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ...runtime.bound_machine import BoundMachine
from ...runtime.program import Array, State
from ..replica_clusters import exchange_clusters, pairs_of, verify_pairs

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word(
    "houdayer",
    summary="a sweep of single units, then a cluster exchanged by every two chains at one beta",
)


def sweeps(
    machine: Phases,
    state: State,
    steps: int,
    observed: State,
    keys: tuple[int, int, int],
    beta: Array | None,
) -> None:
    """`steps` times a sweep of every chain, and exchanges, in place.

    Raises BM779 where chains cannot exchange clusters.
    """
    near = machine.compiled.replica_clusters.neighbours(machine, observed)
    stream, update, first = keys
    pairs = pairs_of(beta, len(next(iter(state.values()))))
    verify_pairs(machine, pairs)
    for step in range(first, first + steps):
        now = beta if beta is None or np.ndim(beta) == 1 else beta[step - first]
        own = (stream, update, step)
        if machine.compiled.run_sweeps(machine, state, 1, observed, own, now, ()) is None:
            BoundMachine.sweep(
                machine, state, 1, observed, update, stream=stream, beta=now, first=step
            )
        exchange_clusters(machine, near, state, pairs, own)
