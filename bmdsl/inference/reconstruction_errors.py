"""How far reconstructions by means, E[v | E[h | v]], are from the data, over all visible groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..chunks import chunks
from ..data.streams.view import in_memory
from ..language.model import Group

Array = np.ndarray
Arrays = Mapping[str, Array]


class Reconstructing(Protocol):
    """A machine that takes cases up to its hidden means and down again."""

    @property
    def model(self) -> Any: ...

    @property
    def reconstructed(self) -> tuple[str, ...]:
        """The visible groups that have conditional means."""

    def reconstructions(self, data: Any) -> dict[str, Array]:
        """E[v | E[h | v]] of each of them, [cases, *axes]."""


def spreads(machine: Reconstructing, data: Arrays) -> dict[str, float]:
    """Group → what its squared errors are divided by, from the cases that are judged.

    One visible group is its own measure, 1. Several have units of their own (years, yes and no,
    counts), so that each is measured by the variance of its entries about their means: 1 is then
    the error of a machine that knows the means alone.
    """
    names = machine.reconstructed
    if len(names) < 2:
        return dict.fromkeys(names, 1.0)
    some = in_memory({n: data[n] for n in names})
    return {n: _variance(some[n]) for n in names}


def _variance(values: Array) -> float:
    """The mean over entries that were seen of (x − mean of its column)²; 1 of constants."""
    count, total, squares = 0.0, 0.0, 0.0
    # values about the first case, so that years are not lost in the squares
    origin = np.nan_to_num(np.asarray(values[:1], np.float64).reshape(1, -1))
    for part in chunks({"": values}):
        x = np.asarray(part[""], np.float64).reshape(len(part[""]), -1) - origin
        seen = ~np.isnan(x)
        x = np.where(seen, x, 0.0)
        count, total, squares = count + seen.sum(0), total + x.sum(0), squares + (x**2).sum(0)
    known = np.maximum(count, 1)
    left = np.maximum(squares - total**2 / known, 0.0)
    found = float(np.sum(left) / max(1.0, float(np.sum(count))))
    return found if found > 0 else 1.0


def squared_errors(machine: Reconstructing, data: Arrays, spread: Mapping[str, float]) -> Array:
    """[cases, 2]: the mean squared error of every case over its units that were seen, each by its
    group's spread, and whether something was seen of it.

    A one-of-K unit counts once: its error is the mean over its K entries.
    """
    found = machine.reconstructions(data)
    groups = {g.name: g for g in machine.model.groups}
    wrong, weights = [], []
    for name, means in found.items():
        count = len(means)
        x = np.asarray(data[name])
        error = (np.asarray(means).reshape(count, -1) - x.reshape(count, -1)) ** 2
        wrong.append(error if spread[name] == 1 else error / spread[name])
        weights.append(np.full(error.shape[1], 1 / _entries(groups[name])))
    return _of_cases(wrong, weights)


def _entries(group: Group) -> int:
    """Entries of a unit: K of a one-of-K unit."""
    return 1 if group.states is None else int(group.axes[-1])


def _of_cases(wrong: Sequence[Array], weights: Sequence[Array]) -> Array:
    errors, weight = np.concatenate(wrong, 1), np.concatenate(weights)
    seen = ~np.isnan(errors)
    even = bool((weight == weight[0]).all())
    if even and seen.all():
        return np.stack([errors.mean(1), np.ones(len(errors))], axis=1)
    shares = seen * (1.0 if even else weight)
    each = np.where(seen, errors, 0) * (1.0 if even else weight)
    mean = each.sum(1) / np.where(seen.any(1), shares.sum(1), 1.0)
    return np.stack([mean, seen.any(1)], axis=1)


def unseen_needed(machine: Any, data: Arrays) -> bool:
    """Whether means of some group need a visible value that was not seen: of a group that acts on
    it besides the hidden ones, which are summed over what is missing.
    """
    graph, visible = machine.program.plan.graph, set(machine.visible)
    needs: set[str] = set()
    for name in machine.reconstructed:
        needs |= {*graph.neighbours(name), *((name,) if graph.is_lateral(name) else ())} & visible
    return any(bool(np.isnan(data[n]).any()) for n in needs)
