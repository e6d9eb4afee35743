"""Sums over units of chains that are bits, counted inside the routine that sweeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import Source
from ..runtime.bit_entries import NotBits
from ..runtime.bit_form import BitForm, valid_chains, words_of
from ..runtime.bit_terms import bit_terms
from ..runtime.field_form import FieldForm
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..runtime.tallies import ProductSum, Tallies, tallies_of
from ..schedule.bit_ops import LANES
from ..schedule.routines.bit_records import bit_records
from ..schedule.routines.bit_sweeps import BITS
from .bit_chains import free_groups
from .chain_arrays import count_rows
from .records import ENERGY, Run, Taken, Wanted
from .unit_pairs import SumsOfPairs

if TYPE_CHECKING:
    from .phases import Phases

MOST_COUNTS = 1 << 22
"""Counts of one call."""


def records_of_bits(machine: Phases, wanted: Wanted, state: State, run: Run) -> Taken | None:
    """What is wanted of chains that go on in place; None if they are no bits, 64 to a word."""
    if machine.program.first_chain is not None:
        return None
    try:
        free = free_groups(machine, state, {}, ())
        _, form = machine.compiled.bits.standing(machine, free, count_rows(state))
        if not isinstance(form, BitForm | FieldForm):
            return None
        return _Records(machine, form, wanted, state).taken(run)
    except NotBits:  # also if what is wanted has too many different weights
        return None


class _Records:
    """The records of one run."""

    def __init__(
        self, machine: Phases, form: BitForm | FieldForm, wanted: Wanted, state: State
    ) -> None:
        self.machine, self.form, self.wanted, self.state = machine, form, wanted, state
        self.count, self.by_fields = count_rows(state), isinstance(form, FieldForm)
        self.words = words_of(self.count)
        self.many = isinstance(form, BitForm) and form.many
        self.free = free_groups(machine, state, {}, ())
        self.places = form.places + self.by_fields  # the last one is no unit's
        self.by_items = self.by_fields and ENERGY in wanted.sums
        self.kinds = [k for k in wanted.sums if not (self.by_items and k == ENERGY)]
        self.tallies = self._tallies()
        self.pairs = SumsOfPairs(wanted.pairs, self.count, self.words)

    def _tallies(self) -> Tallies:
        listing, sums = self.machine.program.listing, list[ProductSum]()
        for k in self.kinds:
            own = self.wanted.sums[k]
            if own is None:
                raise NotBits(f"the {k} is no sum of products")
            sums.append(own)
        assert listing is not None
        return tallies_of(self.form.place, self.places - 1, self.many, listing, sums)

    def taken(self, run: Run) -> Taken | None:
        """The records; None if no routine takes them."""
        machine, plan, free = self.machine, self.machine.program.plan, self.free
        told = tuple(p.wanted for p in self.wanted.pairs)
        how = self.by_fields, self.by_items, told
        routine = machine.compiled._routine(
            machine, ("bit records", free, *how), lambda: bit_records(plan, free, *how)
        )
        if routine is None:
            return None
        now = {n: np.ascontiguousarray(x, machine.dtype) for n, x in self.state.items()}
        passed = self._passed(now, run)
        classes = len(self.tallies.arrays["classed"]) - 1
        each = max(1, classes * 64 * self.words + self.pairs.size)
        done, pace, room = 0, Pace(), max(1, MOST_COUNTS // each)
        sums = {k: np.empty((self.count, run.draws)) for k in self.wanted.sums}
        pairs: list[list[Array]] = [[] for _ in self.wanted.pairs]
        with routine.held(self.count) as call:
            while done < run.draws:
                some = min(pace.count, room, run.draws - done)
                columns = 64 * self.words
                part: dict[Source, Array] = {
                    (BITS, "counts"): np.zeros((some, classes, columns), np.int64)
                }
                if self.by_items:
                    part[BITS, "energies"] = np.zeros((some, columns))
                with pace.timed(some):
                    more = {"call": run.update + done, "draws": some} | self.pairs.call(some)
                    call(passed | part | more)
                at = slice(done, done + some)
                found = self.tallies.sums(part[BITS, "counts"][:, :, : self.count])
                for k, x in zip(self.kinds, found, strict=True):
                    sums[k][:, at] = x
                if self.by_items:
                    sums[ENERGY][:, at] = -part[BITS, "energies"][:, : self.count].T
                for into, x in zip(pairs, self.pairs.means(machine), strict=True):
                    into.append(x)
                done += some
                run.told(done)
        for n, x in now.items():
            if x is not self.state[n]:
                self.state[n][...] = x
        if self.by_items and len(free) < len(now):
            first = {n: x[:1] for n, x in self.state.items()}  # held groups have terms of their own
            sums[ENERGY] += machine.written_energy(first)[0] - sums[ENERGY][0, -1]
        return Taken(sums, [np.concatenate(x, axis=-1) for x in pairs])

    def _passed(self, now: State, run: Run) -> dict[Source, Any]:
        """What does not change from call to call."""
        machine, form, words = self.machine, self.form, self.words
        arrays = {**form.arrays, **self.tallies.arrays}
        room = np.zeros(self.places * words + LANES, np.int64)  # registers may end after it
        passed: dict[Source, Any] = {("chain", n): x for n, x in now.items()}
        passed |= {(BITS, "place", n): x for n, x in form.place.items()}
        passed |= {
            (BITS, "B"): room[: self.places * words].reshape(self.places, words),
            (BITS, "level"): np.zeros(words, np.int64),
            (BITS, "table"): form.table(np.array([run.beta])),
            "colours": form.colours,
            "steps": run.thin,
            "stream": GROUPS * SAMPLE_STREAM,
        }
        passed |= self.pairs.of_bits(machine, words, self.many)
        if isinstance(form, BitForm):
            passed[BITS, "valid"] = valid_chains(self.count)
            passed |= {"size": form.size, "many": int(form.many)}
        if self.by_items:
            terms = bit_terms(machine.program, machine.held_fields(), self.free, form.place)
            arrays |= terms.arrays
            passed["offset"] = terms.offset
        return passed | {(BITS, n): x for n, x in arrays.items()}
