"""Greedy colouring of a graph of many nodes, from its neighbour lists: nodes of one colour share no
edge.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def _greedy(start, neighbours):  # type: ignore[no-untyped-def]  # typed by numba
    count = len(start) - 1
    colours = np.full(count, -1, np.int32)
    taken = np.full(count + 1, -1, np.int64)
    for p in range(count):
        for e in range(start[p], start[p + 1]):
            c = colours[neighbours[e]]
            if c >= 0:
                taken[c] = p
        c = 0
        while taken[c] == p:
            c += 1
        colours[p] = c
    return colours


def colour_order(start: np.ndarray, neighbours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(order, classes): nodes colour after colour, and where in `order` each class begins (and the
    last ends).

    start [nodes + 1] and neighbours (int32 or int64) are compressed neighbour lists, each edge seen
    from both ends.
    First fit in the nodes' own order: two colours for an even lattice in rows, at most one more
    than the largest degree for any graph. Linear in nodes and edges.
    """
    return order_of(_greedy(np.asarray(start, np.int64), neighbours))


def order_of(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(order, classes) of nodes with these colours, [nodes]: see `colour_order`."""
    order = np.argsort(colours, kind="stable").astype(np.int64)
    counts = np.bincount(colours) if len(colours) else np.zeros(0, np.int64)
    return order, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
