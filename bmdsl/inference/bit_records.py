"""Sums over units of chains that are bits, counted inside the routine that sweeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import Source
from ..runtime.bit_form import BitForm, NotBits, valid_chains, words_of
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..runtime.tallies import ProductSum, tallies_of
from ..schedule.routines.bit_records import bit_records
from ..schedule.routines.bit_sweeps import BITS
from .bit_chains import REGISTER, WORD, _ways, free_groups
from .chain_arrays import count_rows

if TYPE_CHECKING:
    from .phases import Phases

MOST_COUNTS = 1 << 22
"""Counts of one call."""


def records_of_bits(
    machine: Phases,
    sums: Sequence[ProductSum],
    state: State,
    counts: tuple[int, int],
    update: int,
    beta: float,
    progress: Callable[[int], None],
) -> Array | None:
    """These sums of chains that go on in place, [sums, chains, draws]; None if they are no bits
    whose neighbours are counted. `counts`: draws, and sweeps between them; draw k is of update
    `update` + k.
    """
    program, count = machine.program, count_rows(state)
    ways = _ways(machine, count)
    if not ways or ways[0] not in (WORD, REGISTER) or program.first_chain is not None:
        return None
    try:
        free = free_groups(machine, state, {}, ())
        form = machine.compiled.bits.form(machine, (free, ways[0]))
        assert isinstance(form, BitForm) and program.listing is not None
        tallies = tallies_of(form, program.listing, sums)
    except NotBits:
        return None
    plan, key = program.plan, ("bit records", free)
    routine = machine.compiled._routine(machine, key, lambda: bit_records(plan, free))
    if routine is None:
        return None
    (draws, thin), words = counts, words_of(count)
    now = {n: np.ascontiguousarray(x, machine.dtype) for n, x in state.items()}
    passed: dict[Source, Any] = {("chain", n): x for n, x in now.items()}
    passed |= {(BITS, n): x for n, x in (form.arrays | tallies.arrays).items()}  # type: ignore[operator]  # both are dicts
    passed |= {(BITS, "place", n): x for n, x in form.place.items()}
    passed |= {
        (BITS, "B"): np.zeros((form.places, words), np.int64),
        (BITS, "level"): np.zeros(words, np.int64),
        (BITS, "valid"): valid_chains(count),
        (BITS, "table"): form.table(np.array([beta])),
    }
    passed |= {"colours": form.colours, "size": form.size, "many": int(form.many), "steps": thin}
    passed |= {"stream": GROUPS * SAMPLE_STREAM}
    classes = len(tallies.arrays["ends"]) - 1
    room = max(1, MOST_COUNTS // max(1, classes * 64 * words))
    out, done, pace = np.empty((len(sums), count, draws)), 0, Pace()
    with routine.held(count) as call:
        while done < draws:
            some = min(pace.count, room, draws - done)
            found = np.zeros((some, classes, 64 * words), np.int64)
            with pace.timed(some):
                call(passed | {"call": update + done, "draws": some, (BITS, "counts"): found})
            out[:, :, done : done + some] = tallies.sums(found[:, :, :count])
            done += some
            progress(done)
    for n, x in now.items():
        if x is not state[n]:
            state[n][...] = x
    return out
