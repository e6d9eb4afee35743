"""How often each state of a hidden one-of-K unit is taken: where one takes all, the other
components of a mixture learn nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..language.diagnostics import BmWarning, Diagnostic
from ..language.model import Model
from .batch import Expectation
from .machine_protocol import Array

ALL = 0.95
"""The share of cases from which on one state has taken all."""


class Usage:
    """Sums the positive phase's mean of every hidden group that is one one-of-K unit, over an
    epoch.
    """

    def __init__(self, model: Model) -> None:
        self.groups = tuple(
            g.name
            for g in model.groups
            if g.role == "hidden"
            and g.states is not None
            and len(g.axes) == 1
            and int(g.states) > 1
        )
        self._sums: dict[str, Array] = {}
        self._count = 0
        self._told: set[str] = set()

    def add(self, positive: Expectation) -> None:
        """One update's positive phase."""
        if self.groups:
            self._count += 1
            for name in self.groups:
                self._sums[name] = self._sums.get(name, 0.0) + positive.mean(name).ravel()

    def collect(self, sums: Mapping[str, Array], count: int) -> None:
        """The summed means of `count` updates, which are then 0."""
        self._count += count
        for name, x in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + x.ravel().astype(np.float64)
            x[...] = 0

    def memories(self) -> dict[str, Any]:
        """The sums of the epoch so far, and of whom a warning was told."""
        return {"sums": self._sums, "count": self._count, "told": sorted(self._told)}

    def remember(self, memories: Mapping[str, Any]) -> None:
        """Puts back what `memories` gave."""
        self._sums, self._count = dict(memories.get("sums", {})), int(memories.get("count", 0))
        self._told = set(memories.get("told", ()))

    def epoch(self) -> dict[str, Any]:
        """`usage_z`, shares of the states, and `entropy_z` = −Σ p log p in nats (log K where all
        are used alike); starts over.

        Warns, once a unit, where one state has taken ALL of the cases.
        """
        out: dict[str, Any] = {}
        for name, total in self._sums.items():
            p = total / max(1, self._count)
            used = p[p > 0]
            out[f"usage_{name}"] = [round(float(x), 5) for x in p]
            out[f"entropy_{name}"] = float(-(used * np.log(used)).sum())
            if p.max() > ALL and name not in self._told:
                self._told.add(name)
                warnings.warn(BmWarning(_collapse(name, p)), stacklevel=2)
        self._sums, self._count = {}, 0
        return out


def _collapse(name: str, p: Array) -> Diagnostic:
    k = int(p.argmax())
    ways = (
        (
            f"hold its use even: a bias `d[k] {name}[k]` and `penalty sparsity({name}, target ="
            f" 1/{len(p)}, rate = 20)`"
        ),
        (
            f"raise `temperature {name}`, or share the visible biases among components and start"
            " them from data: `init logit_mean(...)`"
        ),
    )
    message = (
        f"state {k} of `{name}` takes {100 * p[k]:.0f} % of the cases: the other {len(p) - 1} learn"
        " nothing"
    )
    return Diagnostic("BM762", message, None, level="warning", helps=ways)
