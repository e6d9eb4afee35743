"""Chains that several ranks share: each moves its own, and draws as if it moved all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from ..ranks.interface import share
from ..ranks.world import world
from .bit_replicas import are_bits

if TYPE_CHECKING:
    from .phases import Phases

Array = np.ndarray


def own_of(machine: Phases, count: int, at_least: int = 1, replicas: int = 1) -> slice | None:
    """Which of `count` chains, or of ladders of so many replicas, are this rank's; None if ranks
    cannot share them.

    Draws are keyed by a chain's number, or by that of its block where chains stand 64 to a word:
    blocks stay together, and so do `at_least` so many. They are not keyed in draws through experts,
    in moves of clusters, and in those of ladders that are bits. Nor is there anything to share by
    one rank, or with fewer blocks than ranks.
    """
    ranks, plan = world(), machine.program.plan
    if ranks.alone or machine.moves != "gibbs" or any(g.expert for g in plan.groups):
        return None
    if replicas > 1 and are_bits(machine, count, machine.compiled.bits):
        return None
    block = at_least
    if plan.all_listed and replicas == 1:
        block = max(block, machine.compiled.bits.at_once(machine, count))
    blocks = (count + block - at_least) // block  # fewer chains than `at_least` join the last one
    if blocks < ranks.size:
        return None
    first, last = share(blocks, ranks.rank, ranks.size)
    return slice(first * block, count if last == blocks else last * block)


@contextmanager
def own_chains(machine: Phases, count: int) -> Iterator[slice]:
    """Inside, the machine's chains are this rank's of `count`; yields which these are.

    All of them where they cannot be shared: every rank then does the same.
    """
    own = own_of(machine, count)
    if own is None:
        yield slice(0, count)
        return
    with _numbered_from(machine, own.start, count):
        yield own


@contextmanager
def own_ladders(machine: Phases, count: int, replicas: int) -> Iterator[slice]:
    """Inside, the machine's chains are the replicas of this rank's of `count` ladders, one ladder
    after another; yields which these are.

    Two ladders that stand together, 0 and 1, 2 and 3, ..., are one rank's: what is observed of two
    chains is observed by it. All of them where they cannot be shared.
    """
    own = own_of(machine, count, 2, replicas)
    if own is None:
        yield slice(0, count)
        return
    with _numbered_from(machine, own.start * replicas, count * replicas):
        yield own


@contextmanager
def _numbered_from(machine: Phases, first: int, count: int) -> Iterator[None]:
    """Inside, the machine's first chain has this number among the `count` of all ranks."""
    program = machine.program
    program.first_chain, program.shared_chains = first, count
    try:
        yield
    finally:
        program.first_chain = program.shared_chains = None


def of_all(machine: Phases, count: int, own: Mapping[str, Array]) -> dict[str, Array]:
    """The chains of all ranks, in order, from those that each moved."""
    if own_of(machine, count) is None:
        return dict(own)
    return {n: world().gathered(np.ascontiguousarray(x)) for n, x in own.items()}
