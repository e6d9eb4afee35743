"""What a machine computes in one call of a compiled routine: free energies, conditional means,
chains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..plan.plan import MANY_CHAINS
from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import BoundRoutine, Source
from ..runtime.bound_machine import BoundMachine
from ..runtime.domain import precisions
from ..runtime.pace import Pace
from ..runtime.program import TAKES, Array, Program, Rows, State
from ..schedule.builder import NotScheduled
from ..schedule.first_rows import FIRST, with_first_row
from ..schedule.routines.ais_step import Annealed, ais_step
from ..schedule.routines.completions import completions
from ..schedule.routines.conditional import conditional
from ..schedule.routines.exchange import LADDER, exchanges
from ..schedule.routines.experts import fitted_until, moves_by_steps
from ..schedule.routines.free_energy import RESULT, free_energy
from ..schedule.routines.mean_field import mean_field_of_cases
from ..schedule.routines.posterior import posterior
from ..schedule.routines.sweeps import FRESH, Chains, sweeps
from ..schedule.schedule import Composition
from .bit_chains import BitChains
from .bit_replicas import BitReplicas
from .chain_arrays import (
    by_cells,
    by_code,
    count_rows,
    has_states,
    held_at,
    is_large_lattice,
    kind_of_chains,
    on_lattice,
    parted,
    passed_chains,
    put_back,
    rows_of,
    stand_by_sites,
)
from .clusters import ClusterChains
from .few_cases import FewCases
from .replica_clusters import ReplicaClusters

FEWEST_CASES = 256
"""Cases that one call of mean field has at least."""
WORK = 1e8
"""Multiplications of one call, some tenth of a second: Ctrl-C waits no longer."""
MAX_NUMBERS_BY_STATE = 1 << 25
"""Most numbers that hold all states of a one-of-K unit in all chains; more chains go in parts."""


class CompiledCalls:
    """The routines of one machine, composed and compiled when first asked for.

    Each answers None if it is not for it.

    A routine is not for what ops do not carry out, for parameters under which the model may have no
    distribution, and for fields that stand in for those of the parameters. A copy of a machine
    starts without routines.
    """

    def __init__(self) -> None:
        self._routines: dict[tuple[Any, ...], BoundRoutine | None] = {}
        self.few = FewCases()
        self.bits = BitChains()
        self.replicas = BitReplicas()
        self.clusters = ClusterChains()
        self.replica_clusters = ReplicaClusters()

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledCalls, ()

    def free_energies(self, machine: BoundMachine, state: State) -> Array | None:
        """F of every row, [rows], in nats, hidden groups that `state` leaves out summed out."""
        machine.program.verify_takes(TAKES, "the free energy")
        given = tuple(state)
        key = ("free_energy", given)
        plan, cells = machine.program.plan, is_large_lattice(machine.program)
        routine = self._routine(machine, key, lambda: free_energy(plan, given, cells))
        if routine is None or not count_rows(state):
            return None
        out = np.empty(count_rows(state))
        routine(len(out), _passed(state, out))

        def energies(found: Array) -> Array:
            return np.subtract(routine.program.constant(machine.params), found)

        self.few.prepare(("free_energy",), routine, state, out, energies)
        return energies(out)

    def conditional(self, machine: BoundMachine, group: str, state: State) -> Array | None:
        """E[group | the rest], [rows, size], from its neighbours in `state`."""
        given = tuple(state)
        key = ("conditional", group, given)
        plan, cells = machine.program.plan, is_large_lattice(machine.program)
        routine = self._routine(machine, key, lambda: conditional(plan, group, given, cells))
        if routine is None or not count_rows(state):
            return None
        out = np.empty((count_rows(state), machine.program.sizes[group]), machine.dtype)
        routine(len(out), _passed(state, out))
        shaped = machine.program.shaped
        self.few.prepare(
            ("conditional", group), routine, state, out, lambda found: shaped(group, found.copy())
        )
        return out

    def chains(
        self, machine: BoundMachine, n: int, steps: int, observed: State, update: int
    ) -> State | None:
        """n chains after `steps` sweeps from their biases; what `observed` has, but NaN, is held
        fixed.
        """
        program = machine.program
        many = program.of_all_ranks(n) >= MANY_CHAINS
        if n < 1 or machine.temperature or (program.plan.all_listed and many):
            return None
        if self.bits.takes(machine, n, observed) or stand_by_sites(program, n):
            return None
        if by_cells(machine, n):
            return None
        if n * _numbers_by_state(program) > MAX_NUMBERS_BY_STATE:
            return None
        held, seen = parted(observed)
        means = (
            frozenset({*held, *seen} - set(machine.hidden))
            if machine.takes_means
            else frozenset[str]()
        )
        chains = Chains(held, seen, True, means, whole=True, codes=by_code(machine, False))
        first = self._sweeps(machine, chains)
        if first is None:
            return None
        state = {
            g.name: np.empty((n, program.sizes[g.name]), machine.dtype)
            for g in machine.model.groups
        }
        state |= {name: observed[name].copy() for name in held}
        passed = passed_chains(state, held, {name: observed[name] for name in seen})
        for g in program.plan.groups:
            if moves_by_steps(g):
                passed["chain", f"steps of {g.name}"] = np.zeros(2)
        passed |= {"call": update, "stream": GROUPS * SAMPLE_STREAM, "fitted": fitted_until(steps)}
        at_once = max(1, int(WORK / (n * _most_work(program))))
        now: dict[Source, Any] = {"begin": 0, "steps": min(at_once, steps), FRESH: 1}
        first(n, passed | now)
        if at_once >= steps:
            return state
        routine = self._sweeps(machine, replace(chains, begin=False))
        assert routine is not None  # the same ops as the first one's
        with routine.held(n) as call:
            for begin in range(at_once, steps, at_once):
                now = {"begin": begin, "steps": min(at_once, steps - begin)}
                call(passed | now | {FRESH: int(begin == at_once)})
        return state

    def run_sweeps(
        self,
        machine: BoundMachine,
        state: State,
        steps: int,
        observed: State,
        keys: tuple[int, int, int],
        beta: Array | None,
        averaged: tuple[str, ...],
    ) -> Rows | None:
        """What `machine.sweep` does, many sweeps a call; None if it must go step by step.

        `keys`: stream, update, and the number of the first sweep.
        """
        as_bits = self.bits.sweeps(machine, state, steps, observed, keys, beta, averaged)
        if as_bits is not None:
            return as_bits
        stream, update, first = keys
        count = count_rows(state)
        if machine.temperature or steps < 1 or not count:
            return None
        beta = None if beta is None else np.ascontiguousarray(beta, machine.dtype)
        axes = 0 if beta is None else beta.ndim
        chains = kind_of_chains(machine, state, observed, axes, averaged, ends=True)
        chains = on_lattice(machine, chains, count)
        routine = self._sweeps(machine, chains, beta)
        if routine is None:
            return None
        now, passed = held_at(machine, chains, state, observed)
        passed |= {"call": update, "stream": GROUPS * stream}
        if beta is not None and beta.ndim == 1:
            passed["beta",] = beta[None]
        found = routine.results(count)
        passed |= found
        rows = rows_of(state, found)
        done, pace = 0, Pace()
        source = machine.frozen_fields if routine.takes(FRESH) else None
        with routine.prepared(count, source) as (call, new):
            while done < steps:
                some = min(pace.count, steps - done)
                if beta is not None and beta.ndim == 2:
                    passed["beta",] = beta[done : done + some]
                with pace.timed(some):
                    fresh = int(new and not done)
                    call(passed | {"begin": first + done, "steps": some, FRESH: fresh})
                done += some
        put_back(now, state)
        return rows

    def complete(
        self,
        machine: BoundMachine,
        state: State,
        steps: int,
        observed: State,
        wanted: tuple[str, ...],
        keys: tuple[int, int],
    ) -> State | None:
        """The sums of the means of the groups `wanted` over `steps` sweeps of `state`, in place.

        `keys`: the stream, and the update of the first sweep; each sweep is one of its own.
        """
        plan, count = machine.program.plan, count_rows(state)
        if machine.temperature or not count:
            return None
        chains = kind_of_chains(machine, state, observed, 0, ())
        chains = replace(chains, cells=is_large_lattice(machine.program))
        key = ("completions", chains, wanted)
        routine = self._routine(machine, key, lambda: completions(plan, chains, wanted))
        if routine is None:
            return None
        now, passed = held_at(machine, chains, state, observed)
        found = routine.results(count)
        done, pace = 0, Pace()
        with routine.held(count) as call:
            while done < steps:
                some = min(pace.count, steps - done)
                with pace.timed(some):
                    numbers: dict[Source, Any] = {
                        "stream": GROUPS * keys[0],
                        "call": keys[1] + done,
                        "steps": some,
                        FRESH: int(not done),
                    }
                    call({**passed, **found, **numbers})
                done += some
        put_back(now, state)
        return dict(rows_of({}, found))

    def run_exchanges(
        self,
        machine: BoundMachine,
        state: State,
        observed: State,
        ladder: Mapping[str, Array],
        keys: Mapping[str, int],
        uniforms: Callable[[int], Array],
    ) -> bool:
        """`keys["rounds"]` rounds of sweeps and exchanges in place; False if no routine does it.

        `ladder`: the arrays of the ladders by name. `uniforms(r)` decides round r's exchanges,
        [pairs, ladders].
        """
        plan = machine.program.plan
        chains = on_lattice(
            machine, kind_of_chains(machine, state, observed, 1, ()), count_rows(state)
        )
        routine = self._routine(
            machine, ("exchanges", chains), lambda: exchanges(plan, chains), ladder["ladder"]
        )
        if routine is None or machine.temperature:
            return False
        now, passed = held_at(machine, chains, state, observed)
        passed |= {(LADDER, n): x for n, x in ladder.items()}
        passed |= dict(keys.items())
        rounds, done, pace = keys["rounds"], 0, Pace()
        with routine.held(count_rows(state)) as call:
            while done < rounds:
                some = min(pace.count, rounds - done)
                part: dict[Source, Any] = {n: keys[n] + done for n in ("call", "parity")}
                part[LADDER, "uniforms"] = np.stack([uniforms(done + r) for r in range(some)])
                with pace.timed(some):
                    call(passed | part | {"rounds": some, FRESH: int(not done)})
                done += some
        put_back(now, state)
        return True

    def posterior(self, machine: BoundMachine, state: State, free: tuple[str, ...]) -> Rows | None:
        """The cases with the independent groups `free` as means, and the fields of these."""
        if machine.temperature or not count_rows(state):
            return None
        plan, given = machine.program.plan, tuple(state)
        means = frozenset(n for n, x in state.items() if not has_states(machine.program, n, x, {}))
        key = ("posterior", given, free, means)
        cells = is_large_lattice(machine.program)
        routine = self._routine(machine, key, lambda: posterior(plan, given, free, means, cells))
        if routine is None:
            return None
        found = routine.results(count_rows(state))
        routine(count_rows(state), _data(state) | found)
        return rows_of(state, found)

    def mean_field(
        self, machine: BoundMachine, state: State, steps: int, tol: float, damping: float
    ) -> tuple[Rows, int] | None:
        """Means by fixed-point iteration, and the iterations that the slowest case took."""
        count = count_rows(state)
        if machine.temperature or not count:
            return None
        program, (held, seen) = machine.program, parted(state)
        means = frozenset(n for n in held if not has_states(program, n, state[n], {}))
        cells = is_large_lattice(program)
        key = ("mean_field", (*held, *seen), seen, means, damping > 0, cells)
        routine = self._routine(machine, key, lambda: mean_field_of_cases(program.plan, *key[1:]))
        if routine is None:
            return None
        found = routine.results(count)
        iterations = found.pop((*RESULT, "iterations"))
        numbers: dict[Source, Any] = {"steps": max(1, steps), "tol": tol, "damping": damping}
        at_once = max(FEWEST_CASES, int(WORK / _most_work(program)))
        used = 0
        for lo in range(0, count, at_once):
            part = _data({n: x[lo : lo + at_once] for n, x in state.items()})
            out = {source: x[lo : lo + at_once] for source, x in found.items()}
            rows = min(at_once, count - lo)
            routine(rows, {**numbers, **part, **out, (*RESULT, "iterations"): iterations})
            used = max(used, int(iterations[0]))
        return rows_of(state, found), used

    def _sweeps(
        self, machine: BoundMachine, chains: Chains, beta: Array | None = None
    ) -> BoundRoutine | None:
        plan = machine.program.plan
        key = ("sweeps", chains)
        return self._routine(machine, key, lambda: sweeps(plan, chains, precisions(plan)), beta)

    def annealing(self, machine: BoundMachine, path: Annealed) -> BoundRoutine | None:
        """The routine that moves chains along a path and weighs them."""
        plan = machine.program.plan
        return self._routine(machine, ("ais_step", path), lambda: ais_step(plan, path))

    def _routine(
        self,
        machine: BoundMachine,
        key: tuple[Any, ...],
        compose: Callable[[], Composition],
        beta: Array | None = None,
    ) -> BoundRoutine | None:
        """The routine of this key, if it is for the machine as it is and for these inverse
        temperatures.
        """
        if machine.program.first_chain is not None:
            key, whole = (*key, FIRST), compose

            def compose() -> Composition:
                return with_first_row(whole())

        if self._routines.get(key, self) is None or not machine.has_routines(beta):
            return None
        if key not in self._routines:
            self._add(machine, key, compose)
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
    return _data(state) | {RESULT: out}


def _data(state: State) -> dict[Source, Any]:
    """Cases as a routine takes them."""
    return {("data", n): x for n, x in state.items()}


def _numbers_by_state(program: Program) -> int:
    """Numbers that hold the fields of a chain for all states of a unit that selects others."""
    z, near = program.plan.selector or ("", ())
    return program.sizes.get(z, 0) * sum(program.sizes[n] for n in near)


def _most_work(program: Program) -> float:
    """More multiplications than a sweep of one chain takes."""
    size = float(sum(program.sizes.values()))
    plan = program.plan
    if len(plan.groups) == 1 and plan.groups[0].coupled_by_code:  # a row of K numbers a pair
        size /= program.states[plan.groups[0].name] ** 0.5
    return max(size**2, 1.0)
