"""Energies and sums over units of chains that are numbers, taken inside the routine that sweeps
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import Source
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..schedule.routines.records import ENERGIES, SUMS, records
from ..schedule.routines.sweeps import FRESH
from .chain_arrays import count_rows, held_at, kind_of_chains, on_lattice, put_back

if TYPE_CHECKING:
    from .phases import Phases

MOST_NUMBERS = 1 << 20
"""Energies of one call."""


def records_of_numbers(
    machine: Phases,
    group: str,
    state: State,
    counts: tuple[int, int],
    update: int,
    beta: float,
    progress: Callable[[int], None],
) -> tuple[Array, Array] | None:
    """Energies and Σ x over the units of this group, [chains, draws] each, of chains that go on in
    place; None if they are bits, if their couplings are not listed, or if no routine does it.
    `counts`: draws, and sweeps between them; draw k is of update `update` + k.
    """
    compiled, count, (draws, thin) = machine.compiled, count_rows(state), counts
    if machine.temperature or compiled.bits.takes(machine, count, {}):
        return None
    betas = np.full((1, count), beta, machine.dtype)
    chains = on_lattice(machine, kind_of_chains(machine, state, {}, 1, ()), count)
    plan, key = machine.program.plan, ("records", chains, group)
    routine = compiled._routine(machine, key, lambda: records(plan, chains, group), betas[0])
    if routine is None:
        return None
    now, passed = held_at(machine, chains, state, {})
    numbers: dict[Source, Any] = {"stream": GROUPS * SAMPLE_STREAM, "steps": thin, ("beta",): betas}
    energies, sums = np.zeros((2, draws, count))
    done, pace, room = 0, Pace(), max(1, MOST_NUMBERS // max(1, count))
    with routine.held(count) as call:
        while done < draws:
            some = min(pace.count, room, draws - done)
            part: dict[Source, Any] = {ENERGIES: energies[done : done + some]}
            part |= {SUMS: sums[done : done + some], "call": update + done, "draws": some}
            with pace.timed(some):
                call(passed | numbers | part | {FRESH: int(not done)})
            done += some
            progress(done)
    put_back(now, state)
    # what no state changes is not among the terms
    constant = machine.written_energy({n: x[:1] for n, x in state.items()})[0] + energies[-1, 0]
    return constant - energies.T, sums.T
