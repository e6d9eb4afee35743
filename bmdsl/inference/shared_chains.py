"""Chains that several ranks share: each moves its own, and draws as if it moved all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from ..ranks.interface import share
from ..ranks.world import world

if TYPE_CHECKING:
    from .phases import Phases

Array = np.ndarray


def can_share(machine: Phases, count: int) -> bool:
    """Whether ranks can share `count` chains: all draws are keyed by a chain's number.

    They are not in sweeps of lattices that hold chains side by side, in draws through experts, and
    in moves of clusters; nor is there anything to share by one rank, or with less chains than
    ranks.
    """
    ranks, plan = world(), machine.program.plan
    keyed = not plan.all_listed and not any(g.expert for g in plan.groups)
    return not ranks.alone and count >= ranks.size and keyed and machine.moves == "gibbs"


@contextmanager
def own_chains(machine: Phases, count: int) -> Iterator[slice]:
    """Inside, the machine's chains are this rank's of `count`; yields which these are.

    All of them where they cannot be shared: every rank then does the same.
    """
    if not can_share(machine, count):
        yield slice(0, count)
        return
    ranks = world()
    first, last = share(count, ranks.rank, ranks.size)
    machine.program.first_chain = first
    try:
        yield slice(first, last)
    finally:
        machine.program.first_chain = None


def of_all(machine: Phases, count: int, own: Mapping[str, Array]) -> dict[str, Array]:
    """The chains of all ranks, in order, from those that each moved."""
    if not can_share(machine, count):
        return dict(own)
    return {n: world().gathered(np.ascontiguousarray(x)) for n, x in own.items()}
