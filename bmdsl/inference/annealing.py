"""Ground states: chains cooled from hot to cold (Kirkpatrick, Gelatt & Vecchi 1983), or replicas
that exchange their temperatures; the best state of all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..ranks.world import world
from ..runtime.program import Array, State
from . import tempering
from .ladder import ladder
from .shared_chains import of_all, own_chains, own_ladders

if TYPE_CHECKING:
    from .phases import Phases

QUENCH, COLD = 4, 1e4
"""Sweeps at the end that only go down, and how much colder than the coldest field they are."""
SAME = 1e-6
FIRST_SWEEPS, MAX_SWEEPS = 1000, 1 << 16
"""Sweeps of the first cooling if nobody says how many, and of the longest."""
MIN_SHARE = 0.25
"""Share of the chains that must end at the least energy, twice running, before a search is taken to
have ended: rare hits of a state that is
not the lowest agree as well as those of one that is."""
MAX_SECONDS = 30.0
"""A search of its own length begins no further cooling after so long."""


@dataclass(frozen=True)
class Ground:
    """The state of least energy that was found: group → [*axes], its energy as written (nats),
    every chain's at the end, and the effort.
    """

    state: Mapping[str, Array]
    energy: float
    energies: Array
    betas: tuple[float, float]
    sweeps: int
    seconds: float
    rounds: int = 1
    """Coolings, each twice as long as the one before; `energies` are the last one's."""
    agreed: bool = False
    """Whether the last two coolings found the same least energy, each in MIN_SHARE of the chains or
    more.
    """
    replicas: int = 1
    """Temperatures of each chain's ladder, if replicas exchanged them; 1: chains were cooled."""
    found: Array | None = None
    """Of parallel tempering, the sweep in which each chain had its lowest state first."""
    layout: str = ""
    """Of parallel tempering, how replicas lay in memory."""

    @property
    def doubt(self) -> str:
        """Why the ground state may lie lower; empty if nothing speaks for it."""
        if self.agreed:
            return ""
        if self.rounds > 1:
            return "coolings twice as long still disagree: a lower state is likely"
        return (
            f"{self.hits} of {len(self.energies)} chains found it: a lower state is likely"
            if self.hits < MIN_SHARE * len(self.energies)
            else ""
        )

    @property
    def hits(self) -> int:
        """Chains that ended at the least energy."""
        return int((self.energies <= self.energy + SAME * max(1.0, abs(self.energy))).sum())


def anneal(
    machine: Phases,
    chains: int,
    betas: Array,
    held: State,
    update: int,
    start: State | None = None,
    progress: Callable[[int], None] | None = None,
) -> State:
    """The states of `chains` chains after one sweep at each of `betas`, which begin at the biases
    alone or at `start`, [chains, size].
    """
    state = machine.initial_state(chains, update=update) if start is None else start
    step = len(betas) if progress is None else max(1, len(betas) // 100)
    for first in range(0, len(betas), step):
        part = betas[first : first + step]
        machine.sweep(
            state,
            len(part),
            held,
            update=update,
            beta=np.repeat(part[:, None], chains, axis=1),
            first=first,
        )
        if progress is not None:
            progress(first + len(part))
    return state


def search(
    machine: Phases,
    chains: int,
    betas: Array,
    held: State,
    update: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[Ground, State]:
    """The ground state: anneal, quench, and take the best. Also the final states of all chains."""
    began = time.perf_counter()
    cold = np.full(QUENCH, COLD * max(1.0, float(betas[-1])))
    every = np.concatenate([betas, cold])
    with own_chains(machine, chains) as own:
        part = {n: x[own] for n, x in held.items()}
        state = anneal(machine, own.stop - own.start, every, part, update, progress=progress)
    state = of_all(machine, chains, state)
    return _best(machine, state, betas, len(betas), began), state


def _best(machine: Phases, state: State, betas: Array, sweeps: int, began: float) -> Ground:
    """The best of these states."""
    energies = machine.written_energy(state)
    best = int(np.argmin(energies))
    shaped = {n: machine.program.shaped(n, x[best : best + 1])[0] for n, x in state.items()}
    seconds = time.perf_counter() - began
    ends = float(betas[0]), float(betas[-1])
    # + 0.0: an energy of −0 is 0
    return Ground(shaped, float(energies[best]) + 0.0, energies + 0.0, ends, sweeps, seconds)


def exchange_search(
    machine: Phases,
    chains: int,
    betas: Array,
    sweeps: int,
    held: State,
    update: int,
    progress: Callable[[int], None] | None = None,
) -> Ground:
    """The ground state by parallel tempering: the lowest state that each of `chains` ladders has
    had at any of `betas` in so many sweeps with exchanges, quenched; the best of all.

    Random numbers are those of the updates from `update` to `update` + `sweeps`.
    """
    began = time.perf_counter()
    with own_ladders(machine, chains, len(betas)) as own:
        some = own.stop - own.start
        part = {n: x[own] for n, x in held.items()}
        every = {n: np.repeat(x, len(betas), axis=0) for n, x in part.items()}
        shared = chains if some < chains else None
        replicas = tempering.start(machine, some, betas, update, None, own.start, shared)
        replicas.keep_lowest()
        step = max(1, sweeps // 100)
        for first in range(0, sweeps, step):
            rounds = min(step, sweeps - first)
            tempering.sweep(machine, replicas, 1, every, update + first, rounds)
            if progress is not None:
                progress(first + rounds)
        lowest = replicas.lowest(machine)
        state, found = lowest.state, lowest.found - update + 1
        beta = np.full(some, COLD * max(1.0, float(np.max(betas))))
        machine.sweep(state, QUENCH, part, update=update + sweeps, beta=beta)
    if shared is not None:
        state = {n: world().gathered(np.ascontiguousarray(x)) for n, x in state.items()}
        found = world().gathered(found)
    made = _best(machine, state, betas, sweeps, began)
    return replace(made, replicas=len(betas), found=found, layout=replicas.layout)


def search_until_agreed(search: Callable[[int], Ground], chains: int) -> Ground:
    """Searches of FIRST_SWEEPS sweeps, twice as many, ..., until two running agree on the least
    energy; the best state of all. `search(sweeps)` searches with random numbers of its own.
    """
    began = time.perf_counter()
    best, before, sweeps, rounds = None, None, FIRST_SWEEPS, 0
    while True:
        found = search(sweeps)
        rounds += 1
        best = (
            found
            if best is None or found.energy < best.energy - SAME * max(1.0, abs(best.energy))
            else best
        )
        agreed = (
            before is not None
            and min(found.hits, before.hits) >= MIN_SHARE * chains
            and _same(found, before)
            and _same(found, best)
        )
        seconds = world().first(time.perf_counter() - began)
        if agreed or 2 * sweeps > MAX_SWEEPS or seconds > MAX_SECONDS:
            least = found if _same(found, best) else best
            return replace(
                best,
                energies=least.energies,
                betas=found.betas,
                sweeps=sweeps,
                seconds=seconds,
                found=least.found,
                rounds=rounds,
                agreed=agreed,
            )
        before, sweeps = found, 2 * sweeps


def ground(
    machine: Phases,
    chains: int,
    sweeps: int | None,
    path: tuple[float, float, str],
    replicas: int,
    held: State,
    calls: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[Ground, int]:
    """The ground state that `chains` chains find, cooled, or as ladders of so many `replicas`;
    without `sweeps`, until two searches agree. Also the calls so far, which number random draws.

    `path`: the first and last inverse temperature, and how those between are spaced.
    """

    def cooling(count: int) -> Ground:
        nonlocal calls
        calls += 1
        return search(machine, chains, ladder(*path[:2], count, path[2]), held, calls, progress)[0]

    def exchanging(count: int) -> Ground:
        nonlocal calls
        first, calls = calls + 1, calls + count + 1
        betas = ladder(*path[:2], replicas, path[2])
        return exchange_search(machine, chains, betas, count, held, first, progress)

    once = cooling if replicas == 1 else exchanging
    if sweeps is not None:
        return once(sweeps), calls
    return search_until_agreed(once, chains), calls + 1


def _same(a: Ground, b: Ground) -> bool:
    return abs(a.energy - b.energy) <= SAME * max(1.0, abs(b.energy))
