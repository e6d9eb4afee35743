"""Energies and means of lattices whose sites are bits side by side, counted inside the routine that
sweeps them.

A coupling of size w adds w to −E or takes w away, as its spin differs from what the others ask for
or not: it is seen from each of its k units, and counts 1/k of it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import Source
from ..runtime.bit_entries import NotBits
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..runtime.stencil_form import StencilForm
from ..schedule.routines.bit_sweeps import BITS
from ..schedule.routines.stencil_records import stencil_records
from .bit_chains import free_groups
from .chain_arrays import count_rows
from .records import ENERGY, MEAN, Run, Taken, Wanted
from .unit_pairs import SumsOfPairs

if TYPE_CHECKING:
    from .phases import Phases

MOST_COUNTS = 1 << 20
"""Counts of one call."""


def records_of_sites(machine: Phases, wanted: Wanted, state: State, run: Run) -> Taken | None:
    """What is wanted of chains that go on in place; None if they are no bits of sites side by side,
    or not all of them spins.
    """
    program, count, group = machine.program, count_rows(state), wanted.group
    plan = program.plan
    if program.first_chain is not None:
        return None
    if any(plan.group(n).unit.name != "spin" for n in program.sizes):
        return None
    try:
        free = free_groups(machine, state, {}, ())
        _, form = machine.compiled.bits.standing(machine, free, count)
    except NotBits:
        return None
    if not isinstance(form, StencilForm):
        return None
    told, short = tuple(p.wanted for p in wanted.pairs), form.short
    key = ("stencil records", free, short, told)
    routine = machine.compiled._routine(
        machine, key, lambda: stencil_records(plan, free, short, told)
    )
    if routine is None:
        return None
    now = {n: np.ascontiguousarray(x, machine.dtype) for n, x in state.items()}
    passed: dict[Source, Any] = {("chain", n): x for n, x in now.items()}
    passed |= {(BITS, n): x for n, x in form.arrays.items()}
    passed |= {
        (BITS, "B"): np.zeros((count, form.words), np.int64),
        (BITS, "level"): np.zeros(count, np.int64),
        (BITS, "table"): form.table(np.array([run.beta])),
        "colours": form.parts,
        "steps": run.thin,
        "stream": GROUPS * SAMPLE_STREAM,
    }
    weighed, pairs = _Weighed(machine, form, group), SumsOfPairs(wanted.pairs, count)
    passed |= pairs.fixed()
    room = max(1, MOST_COUNTS // (count * weighed.columns + pairs.size))
    done, pace, (energies, sums) = 0, Pace(), np.empty((2, count, run.draws))
    means: list[list[Array]] = [[] for _ in wanted.pairs]
    with routine.held(count) as call:
        while done < run.draws:
            some = min(pace.count, room, run.draws - done)
            found = np.zeros((some, count, weighed.columns), np.int64)
            more: dict[Source, Any] = {
                "call": run.update + done,
                "draws": some,
                (BITS, "counts"): found,
            }
            with pace.timed(some):
                call(passed | more | pairs.call(some))
            part = slice(done, done + some)
            energies[:, part], sums[:, part] = weighed.energies(found).T, weighed.sums(found).T
            for into, x in zip(means, pairs.means(machine), strict=True):
                into.append(x)
            done += some
            run.told(done)
    for n, x in now.items():
        if x is not state[n]:
            state[n][...] = x
    # couplings of a unit with itself and constants are in no count
    constant = machine.written_energy({n: x[:1] for n, x in state.items()})[0] - energies[0, -1]
    of_kind = {ENERGY: energies + constant, MEAN: sums / program.sizes[group]}
    return Taken(of_kind, [np.concatenate(x, axis=-1) for x in means])


class _Weighed:
    """What counts of a form add up to."""

    def __init__(self, machine: Phases, form: StencilForm, group: str) -> None:
        entries, fields = form.arrays["entries"], machine.held_fields()
        self.many = len(entries)
        names = list(machine.program.plan.listed_groups)
        self.columns = 2 * self.many + len(names)
        self.size = entries[:, 2] * form.unit / 2 / (entries[:, 1] - entries[:, 0] + 1)
        self.units = np.array([machine.program.sizes[n] for n in names])
        self.bias = np.array([float(np.ravel(fields.bias[n])[0]) for n in names])
        self.group = names.index(group)

    def _spins(self, counts: Array) -> Array:
        return np.asarray(2 * counts[..., 2 * self.many :] - self.units)

    def energies(self, counts: Array) -> Array:
        """[records, chains] of counts [records, chains, columns]."""
        odd, of_all = counts[..., : self.many], counts[..., self.many : 2 * self.many]
        minus_energy = (of_all - 2 * odd) @ self.size + self._spins(counts) @ self.bias
        return np.asarray(-minus_energy)

    def sums(self, counts: Array) -> Array:
        """[records, chains] of counts [records, chains, columns]."""
        return np.asarray(self._spins(counts)[..., self.group])
