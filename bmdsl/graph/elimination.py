"""An order in which the variables of a graph are summed out one by one, chosen to keep the tables
small.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from math import log2


def elimination_order(
    states: Sequence[int], scopes: Iterable[Sequence[int]], limit: float
) -> tuple[list[int], float]:
    """(order, log2 of the largest table) by the least growth of edges first (min-fill), ties by the
    smaller table.

    `states` are the variables' numbers of states, `scopes` the sets of variables that stand in one
    factor. Summing a variable out joins all its neighbours; the order stops early where a table
    would pass 2^limit: its length then is below the number of variables.
    """
    near: list[set[int]] = [set() for _ in states]
    for scope in scopes:
        for a in scope:
            near[a].update(b for b in scope if b != a)
    bits = [log2(k) for k in states]

    def cost(v: int) -> tuple[int, float]:
        others = list(near[v])
        missing = (
            sum(1 for k, a in enumerate(others) for b in others[k + 1 :] if b not in near[a])
            if len(others) < 40
            else len(others) ** 2
        )
        return missing, bits[v] + sum(bits[u] for u in others)

    version = [0] * len(states)
    heap = [(*cost(v), v, 0) for v in range(len(states))]
    heapq.heapify(heap)
    order: list[int] = []
    gone = [False] * len(states)
    largest = 0.0
    while heap:
        _, size, v, stamp = heapq.heappop(heap)
        if gone[v] or stamp != version[v]:
            continue
        largest = max(largest, size)
        if size > limit:
            return order, size
        gone[v] = True
        order.append(v)
        others = near[v]
        for a in others:
            near[a].discard(v)
            near[a].update(b for b in others if b != a)
        for a in others | {c for b in others for c in near[b]} if len(others) < 12 else others:
            version[a] += 1
            heapq.heappush(heap, (*cost(a), a, version[a]))
        near[v] = set()
    return order, largest
