"""From a term's letters to places: the one walker of sums.

A term is summed over *settings* of its letters. Its `Nest` says which: loops over the edges of
graphs, loops over ranges, and tests. At a setting every factor has a `Place`: one affine subscript
an axis, which `wrap` takes modulo the axis and `pad` counts as zero outside it. A nest and its
places are data with three readings: one setting after another as integers (`settings`), all
settings together as NumPy arrays (`table`), and source text, which the compiler prints from the
same fields. The sums and comparisons here take integers and arrays alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from operator import and_
from typing import TYPE_CHECKING, Any

from .model import Condition, Length, Letter, Model, ParameterFactor, Subscript, Term, UnitFactor

if TYPE_CHECKING:
    import numpy as np

Letters = tuple[str, ...]
OUTSIDE = -1
"""The column of a place outside a padded axis: no unit is there."""


# ---------------------------------------------------------------- subscripts on axes


@dataclass(frozen=True)
class Axis:
    """A subscript on an axis of this length: Σ c·letter + constant, and what an end of it does."""

    subscript: Subscript
    length: Length

    @property
    def wraps(self) -> bool:
        """Whether the value is taken modulo the length."""
        return self.subscript.edge == "wrap"

    @property
    def pads(self) -> bool:
        """Whether a value outside the axis is allowed, and counts as zero."""
        return self.subscript.edge == "pad"

    def at(self, setting: Mapping[str, Any]) -> Any:
        """The place on the axis, wrapped but not tested: an integer, or an array if letters are."""
        s = self.subscript
        value = s.constant + sum(c * setting[x] for x, c in s.letters)
        return value % int(self.length) if self.wraps else value

    def holds(self, value: Any) -> Any:
        """Whether the axis has this place, elementwise."""
        return (value >= 0) & (value < int(self.length))


@dataclass(frozen=True)
class Place:
    """Where a factor reads its array: an axis for each subscript."""

    axes: tuple[Axis, ...]

    def at(self, setting: Mapping[str, int]) -> tuple[int, ...] | None:
        """The entry at a setting, None if `pad` leaves an axis.

        IndexError if another subscript does, which no checked model does.
        """
        out = []
        for axis in self.axes:
            value = axis.at(setting)
            if not axis.holds(value):
                if axis.pads:
                    return None
                raise _outside(axis, value)
            out.append(value)
        return tuple(out)

    def columns(self, setting: Mapping[str, Any]) -> tuple[Any, Any]:
        """(flat place, whether it is inside), of letters that are arrays of one shape after
        broadcasting. The flat place means nothing outside.

        IndexError if a subscript without `pad` leaves its axis.
        """
        import numpy as np

        column: Any = 0
        inside: Any = True
        for axis in self.axes:
            value = axis.at(setting)
            there = axis.holds(value)
            if axis.pads:
                inside = inside & there
            elif not np.all(there):
                raise _outside(axis, value)
            column = column * int(axis.length) + value
        return column, inside


def _outside(axis: Axis, value: object) -> IndexError:
    return IndexError(f"subscript {axis.subscript} is {value} on an axis of {axis.length}")


def place_of(subscripts: Sequence[Subscript], axes: Sequence[Length]) -> Place:
    """The place that these subscripts are on these axes."""
    return Place(tuple(Axis(s, n) for s, n in zip(subscripts, axes, strict=True)))


def unit_place(model: Model, u: UnitFactor) -> Place:
    """The place of a unit in the states of its group."""
    return place_of(u.subscripts, model.group(u.group).axes)


def plain_letters(subscripts: Iterable[Subscript]) -> Letters | None:
    """The letters of subscripts that are all different letters on their own, else None."""
    found = [s.letter for s in subscripts]
    letters = tuple(x for x in found if x is not None)
    return letters if len(set(letters)) == len(found) else None


def letters_in(subscripts: Iterable[Subscript]) -> Letters:
    """Every letter of the subscripts once, in the order in which it is written."""
    return tuple(dict.fromkeys(x for s in subscripts for x, _ in s.letters))


def einsum_names(letters: Iterable[str]) -> dict[str, str]:
    """A character for each letter, as `einsum` takes them: a, b, c, ... in their order."""
    return {x: chr(ord("a") + k) for k, x in enumerate(dict.fromkeys(letters))}


# ---------------------------------------------------------------- settings of letters


@dataclass(frozen=True)
class Nest:
    """The loops of a sum, outermost first, and the tests that a setting must pass."""

    edges: tuple[Condition, ...]
    """Each runs over the edges of its graph and gives its two letters their values; a letter that
    an earlier one gives must have the same value in both."""
    ranges: tuple[Letter, ...]
    tests: tuple[Condition, ...]
    """`less` and `unequal`."""


def nest_of(term: Term) -> Nest:
    """The nest of a term's own letters."""
    edges = tuple(c for c in term.conditions if c.kind == "edge")
    bound = {x for c in edges for x in (c.first, c.second)}
    return Nest(
        edges,
        tuple(x for x in term.letters if x.name not in bound),
        tuple(c for c in term.conditions if c.kind != "edge"),
    )


def is_read_by_edge(term: Term, p: ParameterFactor, axes: Sequence[object]) -> bool:
    """Whether the parameter has one entry for each edge: the two ends stand on its only axis.

    The edges are those of the term's first `edge` condition.
    """
    by_edges = any(c.kind == "edge" for c in term.conditions)
    return by_edges and len(axes) == 1 and len(p.subscripts) == 2


def holds(c: Condition, setting: Mapping[str, Any]) -> Any:
    """Whether a test passes at a setting, elementwise."""
    first, second = setting[c.first], setting[c.second]
    return first < second if c.kind == "less" else first != second


def edges_of(model: Model, graph: str | None) -> np.ndarray:
    """A graph's edges, [edges, 2]; none while its size is open."""
    import numpy as np

    edges = next(g.edges for g in model.graphs if g.name == graph)
    return np.zeros((0, 2), np.int64) if edges is None else edges


def settings(model: Model, term: Term) -> Iterator[tuple[dict[str, int], tuple[int, ...]]]:
    """Every setting of a term's letters, and the number of the edge in each of its graphs."""
    nest = nest_of(term)
    graphs = [list(enumerate(edges_of(model, c.graph).tolist())) for c in nest.edges]
    ranges = [range(x.start, int(x.stop)) for x in nest.ranges]
    names = [x.name for x in nest.ranges]
    for picked in product(*graphs):
        ends = _joined(nest.edges, [pair for _, pair in picked])
        if ends is None:
            continue
        numbers = tuple(n for n, _ in picked)
        for values in product(*ranges):
            setting = ends | dict(zip(names, values, strict=True))
            if all(holds(c, setting) for c in nest.tests):
                yield setting, numbers


def _joined(edges: Sequence[Condition], pairs: Sequence[Sequence[int]]) -> dict[str, int] | None:
    """The letters at the ends of these edges; None if two edges give one letter two values."""
    ends: dict[str, int] = {}
    for c, (i, j) in zip(edges, pairs, strict=True):
        if ends.setdefault(c.first, i) != i or ends.setdefault(c.second, j) != j:
            return None
    return ends


def setting_count(model: Model, term: Term) -> int:
    """Settings of a term's letters, tests aside: edges times lengths of ranges."""
    nest = nest_of(term)
    edges = prod(len(edges_of(model, c.graph)) for c in nest.edges)
    return edges * prod(int(x.stop) - x.start for x in nest.ranges)


# ---------------------------------------------------------------- all settings as arrays


@dataclass(frozen=True)
class Table:
    """All settings, in the order of the loops: letter → its values, [settings] each."""

    letters: Mapping[str, np.ndarray]
    edges: tuple[np.ndarray, ...]
    """The edge's number in each graph."""
    count: int


def table(model: Model, nest: Nest) -> Table:
    """All settings that a nest allows, as int64 arrays. Every length must be bound."""
    import numpy as np

    graphs = [edges_of(model, c.graph) for c in nest.edges]
    shape = (*map(len, graphs), *(int(x.stop) - x.start for x in nest.ranges))
    index = np.ogrid[tuple(slice(n) for n in shape)]
    letters: dict[str, np.ndarray] = {}
    tests: list[np.ndarray] = []
    for c, edges, number in zip(nest.edges, graphs, index, strict=False):
        for name, end in ((c.first, 0), (c.second, 1)):
            value = edges[number, end].astype(np.int64)
            if name in letters:
                tests.append(letters[name] == value)
            letters.setdefault(name, value)
    for x, place in zip(nest.ranges, index[len(graphs) :], strict=True):
        letters[x.name] = place + x.start
    tests += [holds(c, letters) for c in nest.tests]
    kept = np.nonzero(np.broadcast_to(reduce(and_, tests, np.ones((), bool)), shape).reshape(-1))[0]
    flat = {n: np.broadcast_to(v, shape).reshape(-1)[kept] for n, v in letters.items()}
    numbers = (np.broadcast_to(n, shape).reshape(-1)[kept] for n in index[: len(graphs)])
    return Table(flat, tuple(numbers), len(kept))


def grid_columns(place: Place, letters: Letters, lengths: Mapping[str, int]) -> np.ndarray:
    """int32 [*lengths of `letters`]: the flat place of every setting, OUTSIDE if `pad` leaves an
    axis. Letters start at 0.
    """
    import numpy as np

    shape = tuple(lengths[x] for x in letters)
    grids = np.ogrid[tuple(slice(n) for n in shape)]
    column, inside = place.columns(dict(zip(letters, grids, strict=True)))
    return np.broadcast_to(np.where(inside, column, OUTSIDE).astype(np.int32), shape).copy()
