"""Cases with missing values in a figure: which of them it rests on, how, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import counted
from ..runtime.missing import missing_cases
from .observed_scores import nothing_seen
from .shared_cases import over_cases

if TYPE_CHECKING:
    from .machine import Machine

Array = np.ndarray
Arrays = Mapping[str, Array]
TOO_MANY = "exact sums over what is missing have too many states"


@dataclass(frozen=True)
class Gaps:
    """Which cases have missing values, and of which something was seen: [cases], bool."""

    missing: Array
    seen: Array
    bounded: Array
    """Cases with missing values whose −F is mean field's lower bound; all False before `scored`."""
    left_out: Array
    """Cases with neither value nor bound; all False before `scored`."""

    @classmethod
    def of(cls, machine: Machine, data: Arrays) -> Gaps:
        """What the data miss."""
        missing = over_cases(missing_cases, data)
        none = np.zeros(len(missing), bool)
        seen = ~none
        if missing.any():
            where = np.flatnonzero(missing)
            seen[where] = ~nothing_seen(machine, {n: x[where] for n, x in data.items()})
        return cls(missing, seen, none, none)

    def of_seen(self, data: Arrays) -> dict[str, Array]:
        """Cases of which something was seen."""
        return dict(data) if self.seen.all() else {n: x[self.seen] for n, x in data.items()}

    def most_whole(self, data: Arrays) -> dict[str, Array]:
        """Cases without missing values where there are any, else those that were seen in part."""
        whole = ~self.missing
        return {n: x[whole] for n, x in data.items()} if whole.any() else self.of_seen(data)

    def scored(self, machine: Machine, data: Arrays) -> tuple[Array, Gaps]:
        """−F of every case that has a value or a bound, in nats, and which those are."""
        from .observed_scores import minus_free_energies

        values, bound = minus_free_energies(machine, self.of_seen(data))
        bounded, out = np.zeros_like(self.seen), np.zeros_like(self.seen)
        bounded[self.seen] = bound
        out[self.seen] = np.isnan(values)
        return values[~np.isnan(values)], replace(self, bounded=bounded, left_out=out)

    def notes(self) -> list[str]:
        """How many cases a figure rests on, and why the others are left out."""
        lines = []
        partly = self.missing & self.seen
        used = partly & ~self.left_out
        if used.any():
            has = "has" if used.sum() == 1 else "have"
            lines.append(f"{_cases(used)} {has} missing values: figures are of what was seen")
        if (used & self.bounded).any():
            which = used & self.bounded
            lines.append(
                f"free energies of {_cases(which)} with missing values are at most that, "
                f"by mean field's bound: {TOO_MANY}"
            )
        if self.left_out.any():
            lines.append(
                f"{_cases(self.left_out)} with missing values left out: {TOO_MANY}, "
                "and there is no bound"
            )
        if not self.seen.all():
            lines.append(f"{_cases(~self.seen)} left out, of which nothing was seen")
        return lines


def _cases(which: Array) -> str:
    return counted(int(which.sum()), "case")
