"""What a training must know of all cases before its first update, found by reading them block after
block: what transforms learn, which values are missing, means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...language.diagnostics import fail
from ...language.model import Model as CheckedModel
from ...plan.streams import of_event
from ...ranks.interface import Alone, Ranks, share
from ...registry import discover
from ..preparing import Preparation, steps_of, transformed
from ..transform import Fitted, Step
from ..validate import check_finite
from .reader import ShardReader

Array = np.ndarray
TRANSFORMS = "bmdsl.data.transforms"
Parts = Callable[[], Iterator[tuple[Array, Array | None]]]


@dataclass(frozen=True)
class Survey:
    """Of the training cases: groups with missing values, the first case and the number of cases
    that have some, and their number in all. `means`: group → mean over the cases that have a value.
    """

    missing: tuple[str, ...]
    first_missing: int
    cases_missing: int
    means: Mapping[str, Array]

    def facts(self) -> dict[str, Any]:
        """For a run's metadata; means are in its parameters."""
        return {
            "missing": list(self.missing),
            "first_missing": self.first_missing,
            "cases_missing": self.cases_missing,
        }

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Survey:
        """From a run's metadata."""
        return cls(tuple(facts["missing"]), facts["first_missing"], facts["cases_missing"], {})


def learned(reader: ShardReader, model: CheckedModel) -> Preparation:
    """What transforms learn from all cases: a pass for each that learns.

    BM728 for a transform that learns from all cases at once.
    """
    groups: dict[str, Fitted] = {}
    for name in transformed(model):
        groups[name] = Fitted()
        for word, options in steps_of(model, name):
            module = discover(TRANSFORMS)[word]
            found: Mapping[str, Array] = {}
            if hasattr(module, "fit_parts"):
                found = module.fit_parts(_parts(reader, name, groups[name]), **options)
            elif hasattr(module, "fit"):
                raise fail(
                    "BM728",
                    f"`{word}` learns from all cases at once, `{reader.source.place}` is read some"
                    " at a time",
                    help="transform the data before they are written, or `streaming never` where"
                    " they fit into memory",
                )
            groups[name] = Fitted((*groups[name].steps, Step(word, options, found)))
    return Preparation(model, groups)


def _parts(reader: ShardReader, name: str, before: Fitted) -> Parts:
    """The values of a group, block after block, after the transforms so far."""

    def parts() -> Iterator[tuple[Array, Array | None]]:
        for k in range(len(reader.layout)):
            values = reader.stored(k)[name]
            shard = reader.source.shards[int(reader.layout.shard[k])]
            first = int(reader.layout.low[k])
            check_finite(values, name, f"`{shard.name}`", np.arange(first, first + len(values)))
            generator = of_event("TRANSFORM", reader.model.training.seed, k)
            yield before.apply(values, generator), reader.weights_of(k)

    return parts


@dataclass
class _Part:
    """Of the training cases of some blocks: sums of values and of what these weigh, groups with
    missing values, and as `Survey` has it, the first case counted from the first of them.
    """

    totals: dict[str, Array] = field(default_factory=dict)
    known: dict[str, Array | float] = field(default_factory=dict)
    missing: dict[str, bool] = field(default_factory=dict)
    first: int = 0
    gone: int = 0
    cases: int = 0

    def add(self, other: _Part) -> None:
        """The blocks that follow."""
        for name, total in other.totals.items():
            self.totals[name] = self.totals.get(name, 0) + total
            self.known[name] = self.known.get(name, 0) + other.known[name]
        self.missing |= other.missing
        if other.gone and not self.gone:
            self.first = self.cases + other.first
        self.gone += other.gone
        self.cases += other.cases


def survey(
    reader: ShardReader,
    tell: Callable[[int], None] = lambda done: None,
    ranks: Ranks = Alone(),  # noqa: B008  # it has no state
) -> Survey:
    """Reads and checks all cases, each of the `ranks` some of the blocks; BmError names shard, row
    and column of what is wrong.

    `tell` gets the number of blocks that are read.
    """
    low, high = share(len(reader.layout), ranks.rank, ranks.size)

    def read() -> _Part:
        part = _Part()
        for k in range(low, high):
            part.add(_block(reader, k))
            tell((k + 1 - low) * len(reader.layout) // (high - low))
        return part

    made = _Part()
    for part in ranks.all(tuple(vars(ranks.each(read)).values())):
        made.add(_Part(*part))
    means = {
        n: np.divide(t, made.known[n], out=np.full(np.shape(t), np.nan), where=made.known[n] > 0)
        for n, t in made.totals.items()
    }
    return Survey(tuple(made.missing), made.first, made.gone, means)


def _block(reader: ShardReader, k: int) -> _Part:
    rows = reader.chosen(k, "train")
    data = reader.block(k, "all", verify=True)
    weights = reader.weights_of(k)
    here = {n: x if isinstance(rows, slice) else x[rows] for n, x in data.items()}
    w = None if weights is None else weights[rows]
    made = _Part(cases=len(next(iter(here.values()))))
    gone = np.zeros(made.cases, bool)
    for name, x in here.items():
        total = _sum(x, w)
        there: Array | float = float(made.cases if w is None else w.sum())
        if x.dtype.kind == "f" and np.isnan(total).any():
            holes = np.isnan(x)
            gone |= holes.reshape(made.cases, -1).any(1)
            made.missing[name] = True
            total, there = _sum(np.where(holes, 0, x), w), _sum(~holes, w)
        made.totals[name], made.known[name] = total, there
    made.gone = int(gone.sum())
    made.first = int(gone.argmax()) if made.gone else 0
    return made


def _sum(x: Array, weights: Array | None) -> Array:
    """Σ over cases of x, weighed, in double precision."""
    if weights is None:
        return np.asarray(x.sum(0, dtype=np.float64))
    return np.asarray(np.tensordot(weights, x, 1))
