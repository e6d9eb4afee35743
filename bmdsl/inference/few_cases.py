"""Calls for few cases, prepared: what such a call computes takes less time than to find its
routine, to look at every argument and to hold thread pools.

A prepared call copies the cases into an array of its own and runs machine code whose arguments lie
in memory already. It is for arguments that need no word of explanation: arrays of the right shape
with all numbers in their units' domains, and finite parameters. For all others it gives None, and
the general way says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.arrays import FEW, surely_finite
from ..runtime import gate
from ..runtime.binding import BoundRoutine, Source
from ..runtime.domain import ends
from ..runtime.program import Array, Program

if TYPE_CHECKING:
    from ..runtime.bound_machine import BoundMachine

MAX_WORK = 1 << 18
"""Parameters times cases up to which a call is prepared: BLAS takes no threads for so few."""
MAX_EXACT = 1 << 24
"""Whole numbers that single precision holds exactly."""
KEPT, MET = 8, 64
"""Prepared calls that are kept, and calls that are remembered."""
Calling = Callable[[Mapping[str, Any]], "Array | None"]


@dataclass(frozen=True)
class _Group:
    """Where the cases of a group go, [cases, *axes], and the ends between which they lie."""

    name: str
    room: Array
    low: float
    high: float
    converts: bool
    """Whether numbers of any type fit: they lie between ends that are near enough."""

    def put(self, given: Any) -> bool:
        """Copies cases in; False if something is to be said about them."""
        if type(given) is not np.ndarray or given.shape != self.room.shape:
            return False
        if given.dtype is not self.room.dtype and not (
            self.converts and given.dtype.kind in "biuf"
        ):
            return False
        if not self.converts and not surely_finite(given):
            return False
        if not self.low <= np.minimum.reduce(given, axis=None):
            return False
        if not np.maximum.reduce(given, axis=None) <= self.high:
            return False
        self.room[...] = given
        return True


@dataclass(frozen=True)
class Prepared:
    """One call of a routine for so many cases of these groups."""

    groups: tuple[_Group, ...]
    params: tuple[Array, ...]
    run: Callable[[], None]
    result: Callable[[], Array]

    def __call__(self, machine: BoundMachine, given: Mapping[str, Any]) -> Array | None:
        """The result; None if the general way is to be gone."""
        if len(given) != len(self.groups):
            return None
        for x in self.params:
            if not isfinite(x.dot(x)):
                return None
        for group in self.groups:
            if not group.put(given.get(group.name)):
                return None
        if not machine.has_routines():
            return None
        self.run()
        return self.result()


class FewCases:
    """The prepared calls of one machine."""

    def __init__(self) -> None:
        self._prepared: dict[tuple[Any, ...], Prepared] = {}
        """The one that was last used at the end."""
        self._met: set[tuple[Any, ...]] = set()
        """Calls that were carried out once."""

    def __call__(
        self, what: tuple[str, ...], machine: BoundMachine, given: Mapping[str, Any]
    ) -> Array | None:
        """The result of a call that was prepared for such arguments, else None.

        A call that goes on in another thread has taken its arrays with it.
        """
        key = (*what, *((name, getattr(x, "shape", None)) for name, x in given.items()))
        prepared = self._prepared.pop(key, None)
        if prepared is None:
            return None
        found = prepared(machine, given)
        self._prepared[key] = prepared
        return found

    def prepare(
        self,
        what: tuple[str, ...],
        routine: BoundRoutine,
        state: Mapping[str, Array],
        out: Array,
        result: Callable[[Array], Array],
    ) -> None:
        """Prepares calls like one that was carried out a second time, with cases `state` [cases,
        size]; `result` makes what is returned from the routine's own array, which is as `out`.
        """
        program, count = routine.program, len(out)
        sizes = [x.size for x in routine.params.values()]
        if count * sum(sizes) > MAX_WORK or max(sizes, default=0) > FEW:
            return
        if program.first_chain is not None or not all(x.size for x in state.values()):
            return
        groups = [_group(program, name, count) for name in state]
        found = tuple(g for g in groups if g is not None)
        key = (*what, *((g.name, g.room.shape) for g in found))
        if len(found) < len(groups) or key in self._prepared:
            return
        if key not in self._met:
            if len(self._met) >= MET:
                self._met.clear()
            self._met.add(key)
            return
        room = np.zeros_like(out)
        passed: dict[Source, Any] = {("data", g.name): g.room.reshape(count, -1) for g in found}
        run = routine.fixed(count, passed | {("result",): room})
        if run is None:
            return
        if len(self._prepared) >= KEPT:
            self._prepared.pop(next(iter(self._prepared)), None)
        params = tuple(x.reshape(-1) for x in routine.params.values())
        self._prepared[key] = Prepared(found, params, run, lambda: result(room))


def _group(program: Program, name: str, count: int) -> _Group | None:
    """Room for cases of a group; None if more is to be looked at than whether they lie between its
    ends.
    """
    g = program.plan.group(name)
    if not gate.ends_are_enough(g):
        return None
    low, high = ends(g)
    room = np.zeros((count, *map(int, g.axes)), program.dtype)
    return _Group(name, room, low, high, max(abs(low), abs(high)) <= MAX_EXACT)
