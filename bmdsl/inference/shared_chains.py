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
    with _numbered_from(machine, first):
        yield slice(first, last)


@contextmanager
def own_ladders(machine: Phases, count: int, replicas: int) -> Iterator[slice]:
    """Inside, the machine's chains are the replicas of this rank's of `count` ladders, one ladder
    after another; yields which these are.

    Two ladders that stand together, 0 and 1, 2 and 3, ..., are one rank's: what is observed of two
    chains is observed by it. All of them where they cannot be shared.
    """
    ranks, pairs = world(), count // 2
    if not can_share(machine, pairs):
        yield slice(0, count)
        return
    first, last = (2 * k for k in share(pairs, ranks.rank, ranks.size))
    with _numbered_from(machine, first * replicas):
        yield slice(first, count if ranks.rank == ranks.size - 1 else last)


@contextmanager
def _numbered_from(machine: Phases, first: int) -> Iterator[None]:
    """Inside, the machine's first chain has this number among those of all ranks."""
    machine.program.first_chain = first
    try:
        yield
    finally:
        machine.program.first_chain = None


def of_all(machine: Phases, count: int, own: Mapping[str, Array]) -> dict[str, Array]:
    """The chains of all ranks, in order, from those that each moved."""
    if not can_share(machine, count):
        return dict(own)
    return {n: world().gathered(np.ascontiguousarray(x)) for n, x in own.items()}
