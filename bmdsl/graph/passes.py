"""What can be read off the factor graph: Gibbs blocks, and which groups can be summed out in closed form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx as nx

from .factor_graph import FactorGraph


def gibbs_blocks(graph: FactorGraph) -> tuple[tuple[str, ...], ...]:
    """Groups that may be updated together: a colouring of the group graph (given groups never move).

    A group with lateral terms is a block of its own, swept one unit after another. The block whose means may stand for samples
    comes last, so that one product gives both its draw and its means.
    """
    free = [g for g in graph.model.groups if g.role != "given"]
    alone = [g.name for g in free if graph.is_lateral(g.name)]
    rest = [g.name for g in free if g.name not in alone]
    colours = nx.greedy_color(graph.couples.subgraph(rest), strategy=lambda g, _: iter(rest))
    blocks = [tuple(n for n in rest if colours[n] == c) for c in sorted(set(colours.values()))] + [(n,) for n in alone]
    means = set(mean_block(graph, blocks))
    return tuple(sorted(blocks, key=lambda b: bool(means & set(b))))


def mean_block(graph: FactorGraph, blocks: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The groups whose conditional means may stand for samples in the negative phase: one block, hidden, without lateral terms."""
    roles = {g.name: g.role for g in graph.model.groups}
    candidates = [tuple(n for n in b if roles[n] == "hidden" and not graph.is_lateral(n)) for b in blocks]
    return max(candidates, key=lambda b: sum(graph.couples.degree(n) for n in b), default=())


def selector(graph: FactorGraph, one_unit: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """(z, its hidden neighbours) where z may be drawn with them summed out: a hidden group among `one_unit`, whose hidden neighbours share no term
    with one another. The first such group; None where there is none."""
    roles = {g.name: g.role for g in graph.model.groups}
    for z in one_unit:
        near = tuple(n for n in graph.neighbours(z) if roles[n] == "hidden")
        apart = not any(graph.couples.has_edge(a, b) for k, a in enumerate(near) for b in near[k:])
        if roles[z] == "hidden" and near and apart:
            return z, near
    return None


def choose_enumerated(graph: FactorGraph, groups: Iterable[str], states: Mapping[str, float]) -> tuple[str, ...] | None:
    """The cheapest subset of `groups` to enumerate so that the others are independent given it, or None if none is finite.

    `states` is log2 of each group's number of joint states (inf where the domain is infinite). Groups are few, so all
    subsets are tried.
    """
    names = list(groups)
    best: tuple[float, tuple[str, ...]] | None = None
    for mask in range(1 << len(names)):
        chosen = tuple(n for k, n in enumerate(names) if mask >> k & 1)
        summed = [n for n in names if n not in chosen]
        if any(graph.couples.has_edge(a, b) for k, a in enumerate(summed) for b in summed[k:]):
            continue
        cost = sum(states[n] for n in chosen)
        if cost != float("inf") and (best is None or cost < best[0]):
            best = (cost, chosen)
    return best[1] if best else None
