"""Cases that several ranks share: each computes what is wanted of its own ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..chunks import by_chunks
from ..ranks.interface import Alone, share
from ..ranks.world import standing_as, world

Array = np.ndarray


def shared(compute: Callable[[int, int], Array], count: int) -> Array:
    """`compute(first, last)` of all `count` cases on every rank: [count, ...], a row a case.

    All ranks call this at the same time, each computes a contiguous share, alone. So few cases that
    some rank would have none are computed by all.
    """
    ranks = world()
    if ranks.alone or count < ranks.size:
        return compute(0, count)

    def own() -> Array:
        with standing_as(Alone()):
            return compute(*share(count, ranks.rank, ranks.size))

    return ranks.gathered(ranks.each(own))


def over_cases(
    function: Callable[[dict[str, Array]], Array], data: Mapping[str, Array], wide: int = 0
) -> Array:
    """The function's results for all cases, one after another, on every rank: [cases, ...].

    The function gets some cases at a time and looks at each by itself; each rank reads and computes
    its share of them, see `shared`. `wide` numbers a case are made on the way.
    """
    count = len(next(iter(data.values())))
    return shared(lambda *part: by_chunks(function, data, wide, part), count)
