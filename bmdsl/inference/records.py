"""Observables that the routine of the sweeps takes: what is asked of it, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from ..runtime.program import Array
from ..runtime.tallies import ProductSum
from .unit_pairs import UnitPairs

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
    pairs: tuple[UnitPairs, ...]


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
    group, sums, pairs = machine.visible[0], dict[str, ProductSum | None](), list[UnitPairs]()
    for x in chosen:
        kind = getattr(x.module, "KIND", "")
        if kind:
            if kind == MEAN and machine.program.states[group] > 1:
                return None
            sums[kind] = x.module.products(machine)
        elif (found := _pairs(machine, x.module, x.groups)) and found.rows(chains):
            pairs.append(found)
        else:
            return None
    return Wanted(group, sums, tuple(pairs))


def _pairs(machine: Phases, module: ModuleType, groups: tuple[str, ...]) -> UnitPairs | None:
    found: UnitPairs | None = module.pairs(machine, *groups) if hasattr(module, "pairs") else None
    return found
