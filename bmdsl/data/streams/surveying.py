"""What a training must know of all cases before its first update, found by reading them block after
block: what transforms learn, which values are missing, means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...language.diagnostics import fail
from ...language.model import Model as CheckedModel
from ...plan.streams import of_event
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


def survey(reader: ShardReader, tell: Callable[[int], None] = lambda done: None) -> Survey:
    """Reads and checks all cases; BmError names shard, row and column of what is wrong.

    `tell` gets the number of blocks that are read.
    """
    totals: dict[str, Array] = {}
    known: dict[str, Array | float] = {}
    missing: dict[str, bool] = {}
    first, count, at = 0, 0, 0
    for k in range(len(reader.layout)):
        rows = reader.chosen(k, "train")
        data = reader.block(k, "all", verify=True)
        weights = reader.weights_of(k)
        here = {n: x if isinstance(rows, slice) else x[rows] for n, x in data.items()}
        w = None if weights is None else weights[rows]
        size = len(next(iter(here.values())))
        gone = np.zeros(size, bool)
        for name, x in here.items():
            total = _sum(x, w)
            there: Array | float = float(size if w is None else w.sum())
            if x.dtype.kind == "f" and np.isnan(total).any():
                holes = np.isnan(x)
                gone |= holes.reshape(size, -1).any(1)
                missing[name] = True
                total, there = _sum(np.where(holes, 0, x), w), _sum(~holes, w)
            totals[name] = totals.get(name, 0) + total
            known[name] = known.get(name, 0) + there
        if gone.any() and not count:
            first = at + int(gone.argmax())
        count += int(gone.sum())
        at += size
        tell(k + 1)
    means = {
        n: np.divide(t, known[n], out=np.full(np.shape(t), np.nan), where=known[n] > 0)
        for n, t in totals.items()
    }
    return Survey(tuple(missing), first, count, means)


def _sum(x: Array, weights: Array | None) -> Array:
    """Σ over cases of x, weighed, in double precision."""
    if weights is None:
        return np.asarray(x.sum(0, dtype=np.float64))
    return np.asarray(np.tensordot(weights, x, 1))
