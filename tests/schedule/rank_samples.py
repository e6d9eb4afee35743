"""Operands of ops that add up over ranks: those of a training of one rank, a thread."""

from __future__ import annotations

from bmdsl.ranks.by_threads import Threads, meeting_of
from tests.schedule.samples import Operands, Random

ALONE = Threads(0, meeting_of(1))


def add_over_ranks(rng: Random) -> Operands:
    return {"x": rng.normal(size=9), "ranks": ALONE.call()}


def keep_on_first(rng: Random) -> Operands:
    ranks = ALONE.call().copy()
    ranks[-1] = rng.integers(0, 2)
    return {"x": rng.integers(1, 9, 9), "ranks": ranks}


SAMPLES = {
    f"{name}_{end}": made
    for made, end, names in (
        (add_over_ranks, "over_ranks", ("add", "add_doubles", "add_counts")),
        (keep_on_first, "on_first", ("keep", "keep_doubles", "keep_counts")),
    )
    for name in names
}
