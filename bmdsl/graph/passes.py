"""What can be read off the factor graph: Gibbs blocks, and which groups can be summed out in closed
form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from ..language.diagnostics import fail
from .factor_graph import FactorGraph

ROUNDING = 1e-9
"""By how much sums of a few logarithms, in another order, may differ."""
MAX_STEPS = 100_000
"""Partial choices that are looked at, far more than dozens of groups need; the best until then is
taken.
"""


def gibbs_blocks(graph: FactorGraph) -> tuple[tuple[str, ...], ...]:
    """Groups that may be updated together: a colouring of the group graph (given groups never
    move).

    A group with lateral terms is a block of its own, swept one unit after another. The block with
    the most couplings of groups whose means may stand for samples comes last: `mean_block` reads
    them off there, for only means of the last block go with the draws of all others.
    """
    free = [g for g in graph.model.groups if g.role != "given"]
    alone = [g.name for g in free if graph.is_lateral(g.name)]
    rest = [g.name for g in free if g.name not in alone]
    colours = graph.couples.colours(rest)
    blocks = [tuple(n for n in rest if colours[n] == c) for c in sorted(set(colours.values()))] + [
        (n,) for n in alone
    ]
    if not blocks:
        return ()
    last = max(blocks, key=lambda b: sum(graph.couples.degree(n) for n in _summable(graph, b)))
    return (*(b for b in blocks if b != last), last) if _summable(graph, last) else tuple(blocks)


def mean_block(graph: FactorGraph, blocks: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The groups whose conditional means may stand for samples at the end of a sweep: those of its
    last block that are hidden and not lateral.

    Every other group has been drawn by then and none is drawn after them, so that ⟨∂(−E)/∂θ⟩ over
    such rows has the expectation of draws.
    """
    return _summable(graph, blocks[-1]) if blocks else ()


def _summable(graph: FactorGraph, block: tuple[str, ...]) -> tuple[str, ...]:
    """The groups of a block whose means are linear in every term: hidden, without terms between
    units of their own.
    """
    hidden = {g.name for g in graph.model.groups if g.role == "hidden"}
    return tuple(n for n in block if n in hidden and not graph.is_lateral(n))


def verify_schedule(
    graph: FactorGraph, blocks: Sequence[tuple[str, ...]], means: tuple[str, ...]
) -> None:
    """What a sweep must be: every free group in one block, no term between two groups of a block,
    `means` hidden groups of the last one without
    lateral terms. BmError BM885 where it is not, which no text can bring about.
    """
    couples = graph.couples
    wrong = ""
    if sorted(n for b in blocks for n in b) != sorted(
        g.name for g in graph.model.groups if g.role != "given"
    ):
        wrong = f"the blocks {blocks} do not draw every free group once"
    for block in blocks:
        for a, b in couples.edges_among(block) if len(block) > 1 else ():
            wrong = f"`{a}` and `{b}` are drawn at once, but share a term"
            if a == b:
                wrong = f"units of `{a}` act on one another, but are not drawn alone"
    if means != _summable(graph, tuple(n for n in (blocks[-1] if blocks else ()) if n in means)):
        wrong = (
            f"the means of {', '.join(means)} do not go with the draws of a sweep that ends with"
            f" {', '.join(blocks[-1])}"
        )
    if wrong:
        raise fail(
            "BM885",
            f"the plan of `{graph.model.name}` is wrong: {wrong}",
            help="this is a fault of bmdsl, not of your model",
        )


def selector(graph: FactorGraph, one_unit: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """(z, its hidden neighbours) where z may be drawn with them summed out: a hidden group among
    `one_unit`, whose hidden neighbours share no term
    with one another. The first such group; None where there is none."""
    roles = {g.name: g.role for g in graph.model.groups}
    for z in one_unit:
        near = tuple(n for n in graph.neighbours(z) if roles[n] == "hidden")
        apart = not any(graph.couples.has_edge(a, b) for k, a in enumerate(near) for b in near[k:])
        if roles[z] == "hidden" and near and apart:
            return z, near
    return None


def choose_enumerated(
    graph: FactorGraph, groups: Iterable[str], states: Mapping[str, float]
) -> tuple[str, ...] | None:
    """The cheapest subset of `groups` to enumerate so that the others are independent given it, or
    None if none is finite.

    `states` is log2 of each group's number of joint states (inf where the domain is infinite). Of
    subsets of one cost the first in binary order is taken, the first group its lowest digit.
    """
    names = list(groups)
    near = [[j for j, b in enumerate(names) if graph.couples.has_edge(a, b)] for a in names]
    best: tuple[float, tuple[str, ...]] = (inf, ())

    def least(undecided: int, summed: frozenset[int]) -> float:
        """Cost that the groups below `undecided` add at least: of a group with a neighbour that is
        summed out its own, of two neighbours the smaller.
        """
        cost, free = 0.0, set(range(undecided))
        for k in range(undecided):
            if k in near[k] or not summed.isdisjoint(near[k]):
                cost += states[names[k]]
                free.discard(k)
        for k in range(undecided):
            other = next((j for j in near[k] if j in free), None) if k in free else None
            if other is not None:
                cost += min(states[names[k]], states[names[other]])
                free -= {k, other}
        return cost

    waiting: list[tuple[int, frozenset[int], float]] = [(len(names), frozenset(), 0.0)]
    steps = 0
    while (
        waiting and steps < MAX_STEPS
    ):  # depth first, summed out before enumerated: in binary order
        steps += 1
        k, summed, cost = waiting.pop()
        if cost + least(k, summed) >= best[0] + ROUNDING or cost == inf:
            continue
        if k == 0:
            chosen = tuple(n for j, n in enumerate(names) if j not in summed)
            exact = sum(states[n] for n in chosen)
            if exact < best[0]:
                best = (exact, chosen)
            continue
        k -= 1
        waiting.append((k, summed, cost + states[names[k]]))
        if k not in near[k] and summed.isdisjoint(near[k]):
            waiting.append((k, summed | {k}, cost))
    return best[1] if best[0] < inf else None
