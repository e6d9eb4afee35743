"""The energy as a text has it, term by term and setting by setting of its letters, at many joint
states together.

The walk over the letters is this file's own: it imports nothing that it judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

import numpy as np

from ..language.model import Condition, Expert, Model, Subscript, Term

Array = np.ndarray
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "softplus": lambda u: np.logaddexp(0, u),
    "log1p": np.log1p,
    "square": np.square,
    "abs": np.abs,
    "logcosh": lambda u: np.logaddexp(u, -u) - np.log(2),
}


def written_energy(
    model: Model,
    params: Mapping[str, Array],
    terms: Iterable[Term],
    states: Mapping[str, Array],
) -> Array:
    """Σ over terms and their letters of coefficient · Π parameters · Π units, base measures left
    out: [n] for states [n, *axes].
    """
    energy = _Written(model, {n: np.asarray(x, np.float64) for n, x in params.items()}, states)
    total = np.zeros(len(next(iter(states.values()))))
    for term in terms:
        total = total + energy.sum(term, {})
    return total


class _Written:
    """A model's terms at parameters and states [n, *axes]."""

    def __init__(
        self, model: Model, params: Mapping[str, Array], states: Mapping[str, Array]
    ) -> None:
        self.model, self.params, self.states = model, params, states

    def sum(self, term: Term, outer: Mapping[str, int]) -> Array:
        """The term at these values of the letters around it, [n]."""
        total = np.zeros(len(next(iter(self.states.values()))))
        for inner, edge in self._settings(term):
            setting = {**outer, **inner}
            units = self._units(term, setting)
            if units is None:
                continue
            value = units * self._weight(term, setting, edge)
            if term.expert is not None:
                value = value * self._function(term.expert, setting)
            total = total + value
        return total

    def _settings(self, term: Term) -> Iterator[tuple[dict[str, int], int]]:
        """Every value of a term's letters that its conditions allow, and the number of its first
        graph's edge (−1 without a graph).
        """
        on_edges = [c for c in term.conditions if c.kind == "edge"]
        ends = {x for c in on_edges for x in (c.first, c.second)}
        free = [x for x in term.letters if x.name not in ends]
        for picked in product(*(enumerate(self._edges(c)) for c in on_edges)):
            setting: dict[str, int] = {}
            fits = True
            for c, (_, pair) in zip(on_edges, picked, strict=True):
                for name, value in zip((c.first, c.second), pair, strict=True):
                    fits = fits and setting.get(name, value) == value
                    setting[name] = value
            for values in product(*(range(x.start, int(x.stop)) for x in free)):
                setting.update(zip((x.name for x in free), values, strict=True))
                if fits and all(_passes(c, setting) for c in term.conditions):
                    yield dict(setting), picked[0][0] if picked else -1

    def _edges(self, c: Condition) -> list[list[int]]:
        edges = next(g.edges for g in self.model.graphs if g.name == c.graph)
        assert edges is not None
        return [[int(i), int(j)] for i, j in edges]

    def _weight(self, term: Term, setting: Mapping[str, int], edge: int) -> float:
        """coefficient · Π parameters at these letters."""
        value = term.coefficient
        for p in term.parameters:
            array = self.params[p.parameter]
            by_edge = edge >= 0 and array.ndim == 1 and len(p.subscripts) == 2
            entry = (edge,) if by_edge else _entry(p.subscripts, setting, array.shape)
            if entry is None:
                raise IndexError(f"{p.parameter} is read outside its shape")
            value = value * float(array[entry]) ** p.power
        return value

    def _units(self, term: Term, setting: Mapping[str, int]) -> Array | float | None:
        """Π units, [n]; None if `pad` leaves an axis."""
        value: Array | float = 1.0
        for u in term.units:
            axes = tuple(int(n) for n in self.model.group(u.group).axes)
            entry = _entry(u.subscripts, setting, axes)
            if entry is None:
                return None
            at_all: tuple[slice | int, ...] = (slice(None), *entry)
            value = value * self.states[u.group][at_all] ** u.power
        return value

    def _function(self, e: Expert, setting: Mapping[str, int]) -> Array:
        """The function at its projection, [n], for the letters that the term around it binds."""
        if e.inner is not None:
            return FUNCTIONS[e.function](e.coefficient * self._function(e.inner, setting))
        total = sum((self.sum(addend, setting) for addend in e.addends), np.zeros(1))
        return FUNCTIONS[e.function](total)


def _passes(c: Condition, setting: Mapping[str, int]) -> bool:
    first, second = setting[c.first], setting[c.second]
    return {"less": first < second, "unequal": first != second, "edge": True}[c.kind]


def _entry(
    subscripts: tuple[Subscript, ...], setting: Mapping[str, int], axes: tuple[int, ...]
) -> tuple[int, ...] | None:
    out = []
    for s, n in zip(subscripts, axes, strict=True):
        value = s.constant + sum(c * setting[x] for x, c in s.letters)
        if s.edge == "wrap":
            value %= n
        if not 0 <= value < n:
            if s.edge == "pad":
                return None
            raise IndexError(f"subscript {s} is {value} on an axis of {n}")
        out.append(value)
    return tuple(out)
