"""How likely what was seen of each case is: −F over hidden and missing units, exact or bounded.

Missing units are summed out like hidden ones. Where that takes too many states, mean field bounds
the sum from below; which of the two a number is, is told for every case.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log2
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..language.diagnostics import BmError
from ..runtime.missing import patterns
from ..runtime.threads import alone
from . import enumeration, observed_part
from .shared_cases import over_cases

if TYPE_CHECKING:
    from .machine import Machine
    from .phases import Phases

Array = np.ndarray
BITS = 22
"""log2 of the most joint states, over all cases together, that a figure is worth."""
MAX_OPERATIONS = 1 << 37
"""Most multiplications for sums over missing units, over all cases together: a few seconds."""
MAX_SPARSE_PAIRS = 1 << 14
"""Most couplings of a machine whose missing units are summed out unit after unit, by each case."""
MAX_SPARSE_CASES = 1000
"""Most cases for which that is done."""


class Scores(NamedTuple):
    """−F of every case in nats, [cases], NaN where it has neither value nor bound; where
    a bound.
    """

    values: Array
    bound: Array


def summed_bits(machine: Phases, columns: Mapping[str, Array], free: tuple[str, ...]) -> float:
    """log2 of the states a case that summing out `free` and these missing columns takes.

    Infinite where the sum is not finite.
    """
    program = machine.program
    units = {n: len(c) // program.states[n] for n, c in columns.items()}
    names = observed_part.Free(free, columns).names
    try:
        chosen = enumeration.choose(program, names, "this figure", enumeration.LIMIT, units)
    except BmError:
        return inf
    return sum(enumeration.log2_states(program, n, units) for n in chosen)


def is_worth(machine: Phases, bits: float, cases: int) -> bool:
    """Whether sums of 2^bits states a case are worth a figure of so many cases."""
    if not bits:
        return True
    pairs = max(1, machine.program.plan.pairs_of_a_sweep)
    total = bits + log2(max(1, cases))
    return total <= BITS and total + log2(pairs) <= log2(MAX_OPERATIONS)


def nothing_seen(machine: Phases, data: Mapping[str, Array]) -> Array:
    """Which cases have no visible entry that was seen: [cases], bool."""
    count = len(next(iter(data.values())))
    out = np.ones(count, bool)
    for name in machine.visible:
        out &= np.isnan(np.asarray(data[name], float).reshape(count, -1)).all(1)
    return out


@alone
def scores(machine: Machine, data: Mapping[str, Array], cases: int | None = None) -> Scores:
    """−F(v seen) = log Σ over hidden and missing units of exp(−E), of every case.

    `cases` is how many there are in all, where `data` are some of them. Exact where that is worth
    it, else mean field's lower bound.
    """
    state = machine.seen(data, missing=True)
    count = len(next(iter(state.values())))
    values, bound = np.full(count, np.nan), np.zeros(count, bool)
    total, hidden = count if cases is None else cases, machine.hidden
    whole: list[Array] = []
    rest: list[Array] = []
    with machine.frozen():
        for p in patterns(state):
            here = {n: x[p.cases] for n, x in state.items()}
            bits = summed_bits(machine, p.columns, hidden)
            few = bits + log2(max(1, total)) <= BITS
            if is_worth(machine, bits, total) if p.columns else few or not bits:
                values[p.cases] = -machine.free_energies(here)
                continue
            exact = _unit_by_unit(machine, here, total) if p.columns else None
            if exact is not None:
                values[p.cases] = exact
                continue
            (rest if p.columns else whole).append(p.cases)
        for group in (
            whole,
            rest,
        ):  # at once: mean field of a case does not depend on those beside it
            if not group:
                continue
            at = np.sort(np.concatenate(group))
            try:
                values[at] = machine.variational_bound(
                    machine._shape({n: x[at] for n, x in state.items()})
                )
                bound[at] = True
            except BmError:  # units that experts see have no mean field
                if group is whole:
                    raise
    return Scores(values, bound)


def _unit_by_unit(machine: Phases, state: Mapping[str, Array], total: int) -> Array | None:
    """−F where a sparse machine's units can be summed out one after another."""
    plan = machine.program.plan
    if total > MAX_SPARSE_CASES or plan.pairs_of_a_sweep > MAX_SPARSE_PAIRS:
        return None
    try:
        return observed_part.unit_by_unit(machine, dict(state))
    except BmError:
        return None


def exactly_seen(machine: Phases, data: Mapping[str, Array], limit: float) -> Array:
    """Cases whose hidden and missing units are summed out of 2^limit states at most: [cases]."""
    state = {n: machine.program.flat(n, np.asarray(x)) for n, x in data.items()}
    out = np.zeros(len(next(iter(state.values()))), bool)
    for p in patterns(state):
        out[p.cases] = summed_bits(machine, p.columns, machine.hidden) <= limit
    return out


def minus_free_energies(
    machine: Machine, data: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """−F of what was seen of every case, and where it is mean field's lower bound, for an exact sum
    would cost too much: [cases] each.

    NaN where neither is known. All ranks call this at the same time, and share the cases.
    """
    total = len(next(iter(data.values())))
    found = over_cases(lambda part: np.stack(scores(machine, part, total), axis=1), data)
    return found[:, 0], found[:, 1] > 0
