"""Energies and means of lattices whose sites are bits side by side, counted inside the routine that
sweeps them.

A coupling of size w adds w to −E or takes w away, as its spin differs from what the others ask for
or not: it is seen from each of its k units, and counts 1/k of it there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM
from ..runtime.binding import Source
from ..runtime.bit_form import NotBits
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..runtime.stencil_form import StencilForm
from ..schedule.routines.bit_sweeps import BITS
from ..schedule.routines.stencil_records import stencil_records
from .bit_chains import STENCIL, _ways, free_groups
from .chain_arrays import count_rows

if TYPE_CHECKING:
    from .phases import Phases

MOST_COUNTS = 1 << 20
"""Counts of one call."""


def records_of_sites(
    machine: Phases,
    group: str,
    state: State,
    counts: tuple[int, int],
    update: int,
    beta: float,
    progress: Callable[[int], None],
) -> tuple[Array, Array] | None:
    """Energies and Σ x over the units of this group, [chains, draws] each, of chains that go on in
    place; None if they are no bits of sites side by side, or not all of them spins.

    `counts`: draws, and sweeps between them; draw k is of update `update` + k.
    """
    program, count, (draws, thin) = machine.program, count_rows(state), counts
    plan = program.plan
    if _ways(machine, count) != (STENCIL,) or program.first_chain is not None:
        return None
    if any(plan.group(n).unit.name != "spin" for n in program.sizes):
        return None
    try:
        free = free_groups(machine, state, {}, ())
        form = machine.compiled.bits.form(machine, (free, STENCIL))
    except NotBits:
        return None
    assert isinstance(form, StencilForm)
    key, short = ("stencil records", free, form.short), form.short
    routine = machine.compiled._routine(machine, key, lambda: stencil_records(plan, free, short))
    if routine is None:
        return None
    now = {n: np.ascontiguousarray(x, machine.dtype) for n, x in state.items()}
    passed: dict[Source, Any] = {("chain", n): x for n, x in now.items()}
    passed |= {(BITS, n): x for n, x in form.arrays.items()}
    passed |= {
        (BITS, "B"): np.zeros((count, form.words), np.int64),
        (BITS, "level"): np.zeros(count, np.int64),
        (BITS, "table"): form.table(np.array([beta])),
        "colours": form.parts,
        "steps": thin,
        "stream": GROUPS * SAMPLE_STREAM,
    }
    weighed = _Weighed(machine, form, group)
    room, done, pace = max(1, MOST_COUNTS // (count * weighed.columns)), 0, Pace()
    energies, sums = np.empty((2, count, draws))
    with routine.held(count) as call:
        while done < draws:
            some = min(pace.count, room, draws - done)
            found = np.zeros((some, count, weighed.columns), np.int64)
            with pace.timed(some):
                call(passed | {"call": update + done, "draws": some, (BITS, "counts"): found})
            part = slice(done, done + some)
            energies[:, part], sums[:, part] = weighed.energies(found).T, weighed.sums(found).T
            done += some
            progress(done)
    for n, x in now.items():
        if x is not state[n]:
            state[n][...] = x
    # couplings of a unit with itself and constants are in no count
    constant = machine.written_energy({n: x[:1] for n, x in state.items()})[0] - energies[0, -1]
    return energies + constant, sums


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
