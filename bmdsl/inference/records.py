"""Observables that the routine of the sweeps takes: what is asked of it, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from ..runtime.program import Array
from ..runtime.tallies import ProductSum
from .unit_pairs import UnitSums

if TYPE_CHECKING:
    from .observing import Watched
    from .phases import Phases

ENERGY, MEAN = "energy", "mean"
"""Kinds of number that are a sum over units: E, and the mean over the units of one group."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a routine."""

    group: str
    """The group of the mean."""
    sums: dict[str, ProductSum | None]
    """Kind → its sum of products of units, of those that are wanted."""
    pairs: tuple[UnitSums, ...]
    """Its sums over pairs of units or over planes."""
    kinds: tuple[str, ...]
    """Of each observable its kind, or nothing if it is one of `pairs`."""


@dataclass(frozen=True)
class Taken:
    """What came back: kind → [chains, draws], and of each pairs [numbers, rows, draws]."""

    sums: dict[str, Array]
    pairs: Sequence[Array]


@dataclass(frozen=True)
class Run:
    """How chains go on: `draws` records, `thin` sweeps before each, at one inverse temperature;
    draw k is of update `update` + k.
    """

    draws: int
    thin: int
    update: int
    beta: float
    told: Callable[[int], None]


def wanted(machine: Phases, chosen: Sequence[Watched], chains: int) -> Wanted | None:
    """What a routine is to take of these observables; None if it can take some of them not."""
    group, kinds = machine.visible[0], list[str]()
    sums, pairs = dict[str, ProductSum | None](), list[UnitSums]()
    for x in chosen:
        found = _sums_of(machine, x.module, x.groups)
        kinds.append("" if found else getattr(x.module, "KIND", ""))
        if found is not None and found.rows(chains):
            pairs.append(found)
        elif kinds[-1]:
            sums[kinds[-1]] = x.module.products(machine)
        else:
            return None
    return Wanted(group, sums, tuple(pairs), tuple(kinds))


def _sums_of(machine: Phases, module: ModuleType, groups: tuple[str, ...]) -> UnitSums | None:
    for word in ("pairs", "planes"):
        found: UnitSums | None = getattr(module, word, lambda *_: None)(machine, *groups)
        if found is not None:
            return found
    return None
