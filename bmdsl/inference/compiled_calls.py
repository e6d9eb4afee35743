"""What a machine computes in one call of a compiled routine: free energies, conditional means,
chains.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..plan.plan import MANY_CHAINS
from ..runtime.binding import BoundRoutine, Source
from ..runtime.bound_machine import BoundMachine
from ..runtime.domain import precisions
from ..runtime.program import TAKES, Array, Program, State
from ..schedule.builder import NotScheduled
from ..schedule.routines.conditional import conditional
from ..schedule.routines.free_energy import RESULT, free_energy
from ..schedule.routines.sweeps import Chains, sweeps
from ..schedule.schedule import Composition

WORK = 1e8
"""Multiplications of one call, some tenth of a second: Ctrl-C waits no longer."""


class CompiledCalls:
    """The routines of one machine, composed and compiled when first asked for.

    Each answers None if it is not for it.

    A routine is not for what ops do not carry out, for parameters under which the model may have no
    distribution, and for fields that stand in for those of the parameters. A copy of a machine
    starts without routines.
    """

    def __init__(self) -> None:
        self._routines: dict[tuple[Any, ...], BoundRoutine | None] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledCalls, ()

    def free_energies(self, machine: BoundMachine, state: State) -> Array | None:
        """F of every row, [rows], in nats, hidden groups that `state` leaves out summed out."""
        machine.program.verify_takes(TAKES, "the free energy")
        given = tuple(state)
        key = ("free_energy", given)
        if not machine.follows_parameters or not _rows(state):
            return None
        if key not in self._routines:
            plan = machine.program.plan
            self._add(machine, key, lambda: free_energy(plan, given))
        routine = self._routines[key]
        if routine is None:
            return None
        machine.settle()
        out = np.empty(_rows(state))
        routine(len(out), _passed(state, out))
        return np.subtract(routine.program.constant(machine.params), out, out=out)

    def conditional(self, machine: BoundMachine, group: str, state: State) -> Array | None:
        """E[group | the rest], [rows, size], from its neighbours in `state`."""
        given = tuple(state)
        key = ("conditional", group, given)
        if not machine.follows_parameters or not _rows(state):
            return None
        if key not in self._routines:
            self._add(machine, key, lambda: conditional(machine.program.plan, group, given))
        routine = self._routines[key]
        if routine is None:
            return None
        machine.settle()
        out = np.empty((_rows(state), machine.program.sizes[group]), machine.dtype)
        routine(len(out), _passed(state, out))
        return out

    def chains(
        self, machine: BoundMachine, n: int, steps: int, observed: State, update: int
    ) -> State | None:
        """n chains after `steps` sweeps from their biases; what `observed` has, but NaN, is held
        fixed.
        """
        if n < 1 or not machine.follows_parameters or machine.temperature:
            return None
        if machine.program.plan.all_listed and n >= MANY_CHAINS:
            return None
        missing = {name: bool(np.isnan(x).any()) for name, x in observed.items()}
        held = tuple(name for name, some in missing.items() if not some)
        seen = tuple(name for name, some in missing.items() if some)
        first = self._sweeps(machine, held, seen, begin=True)
        if first is None:
            return None
        machine.settle()
        program = machine.program
        state = {
            g.name: np.empty((n, program.sizes[g.name]), machine.dtype)
            for g in machine.model.groups
        }
        state |= {name: observed[name].copy() for name in held}
        passed: dict[Source, Any] = {("seen", name): observed[name] for name in seen}
        for name, x in state.items():
            passed["data" if name in held else "chain", name] = x
        passed["call"] = update
        at_once = max(1, int(WORK / (n * _most_work(program))))
        for begin in range(0, max(steps, 1), at_once):
            routine = first if begin == 0 else self._sweeps(machine, held, seen, begin=False)
            assert routine is not None  # the same ops as the first one's
            routine(n, passed | {"begin": begin, "steps": min(at_once, steps - begin)})
        return state

    def _sweeps(
        self, machine: BoundMachine, held: tuple[str, ...], seen: tuple[str, ...], begin: bool
    ) -> BoundRoutine | None:
        key = ("sweeps", held, seen, begin)
        if key not in self._routines:
            plan = machine.program.plan
            means = (
                frozenset({*held, *seen} - set(machine.hidden))
                if machine.takes_means
                else frozenset[str]()
            )
            chains = Chains(held, seen, begin, means)
            self._add(machine, key, lambda: sweeps(plan, chains, precisions(plan)))
        return self._routines[key]

    def _add(
        self, machine: BoundMachine, key: tuple[Any, ...], compose: Callable[[], Composition]
    ) -> None:
        try:
            self._routines[key] = BoundRoutine.of(
                compose(), machine.program, machine.params, machine.seed
            )
        except NotScheduled:
            self._routines[key] = None


def _passed(state: State, out: Array) -> dict[Source, Any]:
    return {**{("data", n): x for n, x in state.items()}, RESULT: out}


def _rows(state: State) -> int:
    return len(next(iter(state.values()))) if state else 0


def _most_work(program: Program) -> float:
    """More multiplications than a sweep of one chain takes."""
    return max(float(sum(program.sizes.values())) ** 2, 1.0)
