"""Records of replicas at the last of their inverse temperatures, taken inside the routine that
sweeps and exchanges them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import BoundRoutine, Source
from ..runtime.bit_entries import NotBits
from ..runtime.bit_form import BitForm
from ..runtime.pace import Pace
from ..runtime.program import Array
from ..runtime.tallies import ProductSum, Tallies, tallies_of
from ..schedule.routines.bit_exchanges import KEEP
from ..schedule.routines.bit_sweeps import BITS
from ..schedule.routines.exchange import LADDER, OBSERVED, ROUNDS, Record, exchanges
from ..schedule.routines.records import ENERGIES, SUMS
from ..schedule.routines.sweeps import FRESH
from . import tempering
from .chain_arrays import count_rows, held_at, kind_of_chains, on_lattice, put_back
from .records import ENERGY, MEAN, Run, Taken, Wanted
from .unit_pairs import SumsOfPairs

if TYPE_CHECKING:
    from .bit_replicas import Packed
    from .phases import Phases

MOST_NUMBERS = 1 << 20
"""Numbers of the records of one call, or that decide its exchanges."""
Part = Callable[[int, int], Mapping[Source, Any]]
"""What is passed with one call: room for so many records after so many."""


def records_of_replicas(
    machine: Phases, wanted: Wanted, replicas: tempering.Replicas, run: Run
) -> Taken | None:
    """What is wanted of replicas that go on in place, `run.thin` rounds of a sweep and exchanges
    before each record, each round an update of its own; None if no routine takes it.
    """
    if tempering.as_bits(machine, replicas, {}):
        assert replicas.bits is not None
        return _of_bits(machine, wanted, replicas, replicas.bits, run)
    return _of_numbers(machine, wanted, replicas, run)


def _of_numbers(
    machine: Phases, wanted: Wanted, replicas: tempering.Replicas, run: Run
) -> Taken | None:
    state, compiled = replicas.numbers, machine.compiled
    if machine.temperature or not tempering.by_routine(machine):
        return None
    plan, count, (ladders, betas) = machine.program.plan, count_rows(state), replicas.place.shape
    chains = on_lattice(machine, kind_of_chains(machine, state, {}, 1, ()), count)
    record = Record(wanted.group, tuple(p.wanted for p in wanted.pairs))
    key = ("exchange records", chains, record)
    routine = compiled._routine(
        machine, key, lambda: exchanges(plan, chains, record), replicas.betas
    )
    if routine is None:
        return None
    now, passed = held_at(machine, chains, state, {})
    for n in {record.group, *(n for p in record.sums for n in (p.first, p.second))}:
        passed[LADDER, "state", n] = np.zeros((ladders, machine.program.sizes[n]), machine.dtype)
    passed[LADDER, "rows"] = np.zeros(ladders, np.int64)
    pairs = SumsOfPairs(wanted.pairs, ladders)
    passed |= pairs.fixed()
    energies, sums = np.zeros((2, run.draws, ladders))

    def part(done: int, some: int) -> Mapping[Source, Any]:
        now = slice(done, done + some)
        return {ENERGIES: energies[now], SUMS: sums[now], FRESH: int(not done)}

    means = _carry_out(machine, routine, replicas, run, passed, pairs, part, count)
    put_back(now, state)
    first = replicas.rows_at(betas - 1)[0]  # what no state changes is not among the terms
    one = {n: x[first : first + 1] for n, x in state.items()}
    constant = machine.written_energy(one)[0] + energies[-1, 0]
    found = {ENERGY: constant - energies.T, MEAN: sums.T / machine.program.sizes[wanted.group]}
    return Taken(found, means)


def _of_bits(
    machine: Phases, wanted: Wanted, replicas: tempering.Replicas, packed: Packed, run: Run
) -> Taken | None:
    form, (ladders, betas) = packed.form, replicas.place.shape
    many = isinstance(form, BitForm) and form.many
    pairs = SumsOfPairs(wanted.pairs, ladders, packed.words)
    kinds = [k for k in wanted.sums if k != ENERGY]
    try:
        tallies = _tallies(machine, packed, many, [wanted.sums[k] for k in kinds])
        passed = packed.passed | pairs.of_bits(machine, packed.words, many)
    except NotBits:  # too many different weights, or pairs of units of different types
        return None
    record = tuple(p.wanted for p in wanted.pairs)
    routine = machine.compiled.replicas.routine(machine, packed, record)
    columns, classes = 64 * packed.words, len(tallies.arrays["classed"]) - 1
    passed |= {(BITS, n): x for n, x in tallies.arrays.items()}
    passed |= {(BITS, "place", n): form.place[n] for p in record for n in (p.first, p.second)}
    passed[BITS, "C"] = np.zeros((len(packed.bits), packed.words), np.int64)
    passed[BITS, "table"] = form.table(np.ascontiguousarray(replicas.betas))
    passed[KEEP] = 0
    energies = np.zeros((run.draws, columns))
    counts = np.zeros((run.draws, classes, columns), np.int64)

    def part(done: int, some: int) -> Mapping[Source, Any]:
        now = slice(done, done + some)
        return {(BITS, "energies"): energies[now], (BITS, "counts"): counts[now]}

    count = ladders * betas
    means = _carry_out(machine, routine, replicas, run, passed, pairs, part, count)
    sums = dict(zip(kinds, tallies.sums(counts[:, :, :ladders]), strict=True))
    if ENERGY in wanted.sums:
        sums[ENERGY] = -energies[:, :ladders].T
        if len(packed.kind[0]) < len(replicas.numbers):  # held groups have terms of their own
            one = {n: x[:1] for n, x in replicas.states_at(machine, betas - 1).items()}
            sums[ENERGY] += machine.written_energy(one)[0] - sums[ENERGY][0, -1]
    return Taken(sums, means)


def _tallies(machine: Phases, packed: Packed, many: bool, sums: list[ProductSum | None]) -> Tallies:
    listing, known = machine.program.listing, [x for x in sums if x is not None]
    assert listing is not None
    if len(known) < len(sums):
        raise NotBits("what is wanted is no sum of products")
    return tallies_of(packed.form.place, len(packed.bits) - 1, many, listing, known)


def _carry_out(
    machine: Phases,
    routine: BoundRoutine,
    replicas: tempering.Replicas,
    run: Run,
    passed: Mapping[Source, Any],
    pairs: SumsOfPairs,
    part: Part,
    rows: int,
) -> list[Array]:
    """All records, in calls of a tenth of a second; what pairs and planes have found, [numbers,
    rows, draws] of each.
    """
    numbers: dict[Source, Any] = {"stream": GROUPS * SAMPLE_STREAM, "steps": 1, ROUNDS: run.thin}
    numbers |= {(LADDER, n): x for n, x in replicas.arrays().items()}
    numbers[OBSERVED] = len(replicas.betas) - 1
    decisions = run.thin * len(replicas.place) * (len(replicas.betas) // 2)
    room = max(1, MOST_NUMBERS // max(1, pairs.size, decisions))
    means: list[list[Array]] = [[] for _ in pairs.pairs]
    done, pace = 0, Pace()
    with routine.held(rows) as call:
        while done < run.draws:
            some, before = min(pace.count, room, run.draws - done), run.thin * done
            rounds = range(before, before + some * run.thin)
            now = [replicas.uniforms(machine.seed, run.update + r) for r in rounds]
            more: dict[Source, Any] = {
                "call": run.update + before,
                "parity": replicas.exchanges,
                "draws": some,
                (LADDER, "uniforms"): np.stack(now),
            }
            with pace.timed(some):
                call({**passed, **numbers, **more, **pairs.call(some), **part(done, some)})
            for into, x in zip(means, pairs.means(machine), strict=True):
                into.append(x)
            done += some
            replicas.exchanges += len(rounds)
            run.told(done)
    return [np.concatenate(x, axis=-1) for x in means]
