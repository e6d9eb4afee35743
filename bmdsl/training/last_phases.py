"""The two phases of the last update, as monitors see them."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from ..ranks.interface import share
from ..schedule.values import is_spread, length
from .batch import Batch, Expectation
from .cases import Cases, share_of
from .machine_protocol import Array
from .streamed_cases import StreamedCases
from .update_arrays import UpdateArrays


def phases_of_last(
    updates: UpdateArrays, cases: Cases | StreamedCases, rows: Array
) -> tuple[Expectation, Expectation] | None:
    """The positive and the negative phase of the last update, which was one of the cases `rows`;
    None of an update that has none.
    """
    composed, ranks = updates.composed, updates.ranks
    if composed.positive is None or composed.negative is None:
        return None
    batch = _batch(updates, cases, rows)
    shapes = {v.name: v.shape for v in composed.schedule.values}
    data = {n: updates.machine.program.flat(n, x) for n, x in batch.data.items()}
    per_update = {v.name for v in updates.per_update}
    first, last = share(batch.size, ranks.rank, ranks.size)

    def now(name: str) -> Array:
        """An array's rows that the last update used, those of all ranks."""
        x = updates.arrays[name]
        shape = tuple(length(n, last - first) for n in shapes[name])
        used = x.reshape(-1)[: prod(shape)].reshape(shape)
        spread = not ranks.alone and is_spread(shapes[name][0] if shapes[name] else 1)
        return ranks.gathered(used) if spread else used

    def phase(names: Mapping[str, str], weights: str | None) -> Expectation:
        found = {g: data[g] if n in per_update else now(n) for g, n in names.items()}
        if weights is None:
            count = len(next(iter(found.values())))
            return Expectation(found, np.full(count, 1 / count, batch.weights.dtype))
        return Expectation(found, batch.weights if weights in per_update else now(weights))

    positive, negative = composed.weights
    return phase(composed.positive, positive), phase(composed.negative, negative)


def _batch(updates: UpdateArrays, cases: Cases | StreamedCases, rows: Array) -> Batch:
    """The minibatch of these cases, from what every rank has of it."""
    ranks = updates.ranks
    first, last = share(len(rows), ranks.rank, ranks.size)
    data = {n: x[rows[first:last]] for n, x in cases.data.items()}
    if not ranks.alone:
        data = {n: ranks.gathered(x) for n, x in data.items()}
    return Batch(data, share_of(cases.weights, rows, updates.machine.dtype)[0], 0)
