"""Energies and sums over units of chains that are numbers, taken inside the routine that sweeps
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import Source
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..schedule.routines.records import ENERGIES, SUMS, records
from ..schedule.routines.sweeps import FRESH
from .chain_arrays import count_rows, held_at, kind_of_chains, on_lattice, put_back
from .records import ENERGY, MEAN, Run, Taken, Wanted
from .unit_pairs import SumsOfPairs

if TYPE_CHECKING:
    from .phases import Phases

MOST_NUMBERS = 1 << 20
"""Energies of one call."""


def records_of_numbers(machine: Phases, wanted: Wanted, state: State, run: Run) -> Taken | None:
    """What is wanted of chains that go on in place; None if they are bits, or if no routine does
    it.
    """
    compiled, count, group = machine.compiled, count_rows(state), wanted.group
    if machine.temperature or compiled.bits.takes(machine, count, {}):
        return None
    betas = np.full((1, count), run.beta, machine.dtype)
    chains = on_lattice(machine, kind_of_chains(machine, state, {}, 1, ()), count)
    plan, told = machine.program.plan, tuple(p.wanted for p in wanted.pairs)
    key = ("records", chains, group, told)
    routine = compiled._routine(machine, key, lambda: records(plan, chains, group, told), betas[0])
    if routine is None:
        return None
    now, passed = held_at(machine, chains, state, {})
    pairs = SumsOfPairs(wanted.pairs, count)
    numbers: dict[Source, Any] = {"stream": GROUPS * SAMPLE_STREAM, "steps": run.thin}
    numbers |= pairs.fixed() | {("beta",): betas}
    energies, sums = np.zeros((2, run.draws, count))
    means: list[list[Array]] = [[] for _ in wanted.pairs]
    done, pace, room = 0, Pace(), max(1, MOST_NUMBERS // max(1, count + pairs.size))
    with routine.held(count) as call:
        while done < run.draws:
            some = min(pace.count, room, run.draws - done)
            part: dict[Source, Any] = {ENERGIES: energies[done : done + some]}
            part |= {SUMS: sums[done : done + some], "call": run.update + done, "draws": some}
            with pace.timed(some):
                call(passed | numbers | part | pairs.call(some) | {FRESH: int(not done)})
            for into, x in zip(means, pairs.means(machine), strict=True):
                into.append(x)
            done += some
            run.told(done)
    put_back(now, state)
    # what no state changes is not among the terms
    constant = machine.written_energy({n: x[:1] for n, x in state.items()})[0] + energies[-1, 0]
    found = {ENERGY: constant - energies.T, MEAN: sums.T / machine.program.sizes[group]}
    return Taken(found, [np.concatenate(x, axis=-1) for x in means])
