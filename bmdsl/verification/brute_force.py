"""A small model by brute force: every joint state, its energy term by term, and sums over them. Nothing of the compiler is used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import logsumexp

from ..compiler.interpreter import Interpreter
from ..compiler.plan import GroupPlan, Plan
from .nodes import Nodes

Array = np.ndarray
State = dict[str, Array]


class BruteForce:
    """All joint states of the groups of a plan as arrays [n, *axes], with the log weights of their base measures or quadrature."""

    def __init__(self, plan: Plan, nodes: Mapping[str, Nodes], given: State) -> None:
        self.plan = plan
        self.names = [g.name for g in plan.groups if g.role != "given"]
        single = [nodes[n] for n in self.names for _ in range(units_of(plan.group(n)))]
        index = np.indices([len(s.states) for s in single]).reshape(len(single), -1)
        self.count = index.shape[1]
        self.base = np.zeros(self.count)
        self.states: State = {n: np.repeat(x, self.count, axis=0) for n, x in given.items()}
        at = 0
        for n in self.names:
            g = plan.group(n)
            columns = []
            for _ in range(units_of(g)):
                self.base += single[at].log_weights[index[at]]
                columns.append(single[at].states[index[at]].reshape(self.count, -1))
                at += 1
            self.states[n] = np.hstack(columns).reshape(self.count, *(int(a) for a in g.axes))

    def energy(self, params: Mapping[str, Array], states: State | None = None) -> Array:
        """E as written, without base measures, [n]: Σ over terms and their letters of coefficient · Π parameters · Π units."""
        states = self.states if states is None else states
        total = np.zeros(len(next(iter(states.values()))))
        walker = Interpreter(self.plan, params)
        for term in self.plan.model.terms:
            for at, edge in walker.settings(term):
                units = walker.factors(term, at)
                if units is not None:
                    value: float | Array = walker.weight(term, at, edge)
                    for group, place, power in units:
                        at_all: tuple[slice | int, ...] = (slice(None), *place)
                        value = value * states[group][at_all] ** power
                    if term.expert is not None:
                        value = value * walker.expert(term.expert, at, lambda group, place: np.moveaxis(states[group], 0, -1)[place])
                    total += value
        return total

    def log_weights(self, params: Mapping[str, Array]) -> Array:
        """Unnormalised log probability of every joint state (times its quadrature weight), [n]."""
        return self.base - self.energy(params)

    def log_partition(self, params: Mapping[str, Array]) -> float:
        """log Z."""
        return float(logsumexp(self.log_weights(params)))

    def means(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """E[x] of every group, [*axes]."""
        w = self.log_weights(params)
        p = np.exp(w - logsumexp(w))
        return {n: np.tensordot(p, self.states[n], axes=(0, 0)) for n in self.names}


def units_of(g: GroupPlan) -> int:
    """Number of units of a group."""
    size = int(np.prod([int(a) for a in g.axes], dtype=int))
    return size // int(g.states) if g.states is not None else size
