"""Sums that the routine of updates leaves: those that grow over updates, and those of every update
that say whether it is finite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..schedule.values import Value
from .machine_protocol import Array
from .modifiers import trained
from .update_arrays import UpdateArrays

RUNNING = (("followed",), ("usage",))
"""Sources of sums that grow over updates."""


@dataclass
class UpdateSums(UpdateArrays):
    """A bound routine of updates, and the sums that it leaves."""

    def followed(self) -> dict[str, Array]:
        """Parameter → [2, entries], the sums of what monitors follow."""
        values = self.composed.schedule.values
        return {v.source[1]: self.arrays[v.name] for v in values if v.source[:1] == ("followed",)}

    def take_followed(self) -> tuple[dict[str, Array], int]:
        """The sums of what monitors follow, to be cleared, and the updates that they are of.

        Sums grow update by update, however many go into a call.
        """
        count, self.counts["followed"] = self.counts["followed"], 0
        return self.followed(), count

    def running(self) -> dict[str, Array]:
        """The sums that are taken away at looks or at the ends of epochs, by their value's name."""
        values = self.composed.schedule.values
        return {v.name: self.arrays[v.name] for v in values if v.source[:1] in RUNNING}

    def restore(self, running: Mapping[str, Array], counts: Mapping[str, int]) -> None:
        """Puts sums back; those that are not given start anew."""
        for name, x in self.running().items():
            x[...] = running.get(name, 0)
        self.counts = {kind: int(counts.get(kind, 0)) for kind in self.counts}

    def collect_usage(self) -> None:
        """Hands the recipe the use of one-of-K units since the last time."""
        sums = {v.source[1]: self.arrays[v.name] for v in self._usage}
        if sums:
            self.recipe.usage.collect(sums, self.counts["usage"])
            self.counts["usage"] = 0

    @property
    def by_epoch(self) -> bool:
        """Whether sums are to be taken away at the end of every epoch."""
        return bool(self._usage)

    @cached_property
    def _usage(self) -> tuple[Value, ...]:
        return tuple(v for v in self.composed.schedule.values if v.source[:1] == ("usage",))

    def _verify_finite(self, sums: Array, first: int) -> None:
        """Raises FloatingPointError for the first update that left something that is not finite, or
        far too large.
        """
        bounds = np.array([self.recipe.bounds[n] for n in self._sums])[:, None]
        gone, grown = ~np.isfinite(sums[:, :, 0]), ~(sums[:, :, 1] < bounds)
        if not (gone.any() or grown.any()):
            return
        t = int(np.flatnonzero((gone | grown).any(0))[0])
        for name, lost in zip(self._sums, gone[:, t], strict=True):
            if lost:
                raise FloatingPointError(f"the gradient of `{name}` is not finite", first + t)
        k = int(np.flatnonzero(grown[:, t])[0])
        norms, name = float(sums[k, t, 1]), self._sums[k]
        size = (norms / max(1, trained(self.recipe.machine)[name].size)) ** 0.5
        what = (
            f"has grown to {size:.3g} (root mean square)" if np.isfinite(norms) else "is not finite"
        )
        raise FloatingPointError(f"parameter `{name}` {what}", first + t)
