"""Random graphs, the very ones that networkx draws for a seed, in arrays: a million nodes take
seconds instead of half a minute, and a draw that would never end does.
"""

from __future__ import annotations

import random
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MAX_ROUNDS = 10_000
"""Rounds of pairing for one graph, all tries together: a degree near the number of nodes takes
thousands of them, and most tries end with nodes that have all one another as neighbours.
"""
MAX_PAIRS = 40_000_000
CHUNK = 1 << 20


def regular(degree: int, n: int, seed: int) -> np.ndarray | None:
    """Edges [n · degree / 2, 2] of a random graph in which every node has `degree` neighbours, by
    Steger & Wormald 1999 (as `networkx.random_regular_graph`); None where many tries end with none.

    Stubs are paired at random, and those of loops and double edges paired again.
    """
    import numpy as np

    generator = random.Random(seed)
    codes = np.empty(0, np.int64)  # lower · n + upper, in order
    stubs = list(range(n)) * degree
    pairs_made = 0
    for _ in range(MAX_ROUNDS):
        if not stubs:
            return np.stack([codes // n, codes % n], axis=1)
        if pairs_made > MAX_PAIRS:
            return None
        generator.shuffle(stubs)
        pairs = np.sort(np.array(stubs, np.int64).reshape(-1, 2), axis=1)
        pairs_made += len(pairs)
        made = pairs[:, 0] * n + pairs[:, 1]
        new = np.zeros(len(made), bool)
        new[np.unique(made, return_index=True)[1]] = True
        new &= (pairs[:, 0] != pairs[:, 1]) & ~_are_among(made, codes)
        added = np.sort(made[new])
        codes = np.insert(codes, np.searchsorted(codes, added), added)
        left: dict[int, int] = {}
        for x in pairs[~new].ravel().tolist():
            left[x] = left.get(x, 0) + 1
        stubs = [x for x, count in left.items() for _ in range(count)]
        if left and not _has_room(codes, list(left), n):
            codes, stubs = codes[:0], list(range(n)) * degree
    return None


def _are_among(some: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Which of `some` numbers are in `codes`, which are in order."""
    import numpy as np

    if not len(codes):
        return np.zeros(len(some), bool)
    places = np.minimum(np.searchsorted(codes, some), len(codes) - 1)
    return np.asarray(codes[places] == some)


def _has_room(codes: np.ndarray, nodes: list[int], n: int) -> bool:
    """Whether two of the nodes are no edge yet, as networkx looks for them: it goes on with the
    lower of two, so that it misses some.
    """
    for a in nodes:
        for b in nodes:
            if a == b:
                break
            if a > b:
                a, b = b, a  # noqa: PLW2901  # the same graphs as networkx
            code = a * n + b
            place = int(codes.searchsorted(code))
            if place == len(codes) or codes[place] != code:
                return True
    return False


def erdos_renyi(n: int, p: float, seed: int) -> np.ndarray:
    """Edges [edges, 2] of a graph in which each pair is one with probability p, by Batagelj &
    Brandes 2005 (as `networkx.fast_gnp_random_graph`): pairs are numbered, and geometric numbers
    of them left out.
    """
    import numpy as np

    total = n * (n - 1) // 2
    if p <= 0 or p >= 1:
        numbers = np.arange(total if p >= 1 else 0)
    else:
        draws = _python_draws(seed)
        least, parts, last = log(1.0 - p), [], -1
        while last < total:
            skipped = np.array(
                [log(1.0 - u) for u in draws.random_sample(_chunk(p, total)).tolist()]
            )
            # a skip past the end is as good as one to it, and sums of them stay whole
            jumps = np.minimum(skipped / least, total).astype(np.int64) + 1
            parts.append(last + np.cumsum(jumps))
            last = int(parts[-1][-1])
        numbers = np.concatenate(parts)
        numbers = numbers[numbers < total]
    upper = ((1 + np.sqrt(1.0 + 8.0 * numbers)) / 2).astype(np.int64)
    upper -= upper * (upper - 1) // 2 > numbers
    upper += (upper + 1) * upper // 2 <= numbers
    return np.stack([numbers - upper * (upper - 1) // 2, upper], axis=1)


def _chunk(p: float, total: int) -> int:
    return min(CHUNK, int(1.1 * p * total) + 100)


def _python_draws(seed: int) -> np.random.RandomState:
    """NumPy's generator in the state of Python's: both make the same numbers of it."""
    import numpy as np

    _, state, _ = random.Random(seed).getstate()
    out = np.random.RandomState()
    out.set_state(("MT19937", np.array(state[:-1], np.uint32), state[-1], 0, 0.0))
    return out
