"""Sums over hidden and missing units: what is known of the units that were seen.

    −F(v_seen) = log Σ_{v_missing, h} exp(−E(v, h))

so that −F − log Z is log P of what was seen. Missing units of a group are summed out like a group
of their own: by their log-partitions where they are independent given the others, else enumerated.
Base measures of all units are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import BmError
from ..language.late import special
from ..runtime.missing import patterns
from ..runtime.program import Array, Fields, Program, Rows, State
from . import enumeration
from .elimination import Elimination

if TYPE_CHECKING:
    from .phases import Phases


@dataclass(frozen=True)
class Part:
    """Cases `cases` × enumerated states: rows [cases · states], the summed-out units as means, log
    weights [cases, states].
    """

    cases: Array
    rows: Rows
    weights: Array


@dataclass(frozen=True)
class Free:
    """What is summed over: whole groups, and of groups that were seen in part the missing
    columns.
    """

    whole: tuple[str, ...]
    columns: Mapping[str, Array] = field(default_factory=dict)
    tempered: Mapping[str, float] = field(default_factory=dict)
    """Group → T: enumerated whatever it costs, so that its responsibilities can be formed at T."""

    @property
    def names(self) -> tuple[str, ...]:
        return (*(n for n in self.whole if n not in self.columns), *self.columns)


def parts(machine: Phases, state: State, free: Free, what: str, limit: int) -> Iterator[Part]:
    """Cases that miss the same units, some at a time; one batch of cases may come in several parts,
    with other states each.

    BmError BM801 where more than 2^limit states a case would have to be enumerated.
    """
    program, f = machine.program, machine.held_fields()
    units = {n: len(c) // program.states[n] for n, c in free.columns.items()}
    untempered = tuple(n for n in free.names if n not in free.tempered)
    chosen = (*enumeration.choose(program, untempered, what, limit, units), *free.tempered)
    rest = tuple(n for n in free.names if n not in chosen)
    seen = {
        n: np.where(np.isnan(x), 0, x).astype(program.dtype)
        for n, x in state.items()
        if n in free.columns or n not in free.whole
    }
    total = len(next(iter(seen.values()))) if seen else 1
    most = min(1 << limit, enumeration.CHUNK)
    step = max(1, most // max(1, min(most, enumeration.count_states(program, chosen, units))))
    for lo in range(0, total, step):
        cases = np.arange(lo, min(total, lo + step))
        for states in enumeration.joint_states(program, chosen, units):
            count = len(next(iter(states.values()))) if states else 1
            rows = Rows({n: np.repeat(x[cases], count, axis=0) for n, x in seen.items()})
            for n, x in states.items():
                tiled = np.tile(x, (len(cases), 1))
                if n in free.columns:
                    rows[n][:, free.columns[n]] = tiled
                else:
                    rows[n] = tiled
            weights = _summed(program, f, rows, rest, free.columns)
            yield Part(cases, rows, weights.reshape(len(cases), count))


def _summed(
    program: Program, f: Fields, rows: Rows, rest: tuple[str, ...], columns: Mapping[str, Array]
) -> Array:
    """Sums `rest` out of every row, where the missing columns of a group stand at 0, and puts their
    means in: log weights.
    """
    count = len(next(iter(rows.values()))) if rows else 1
    for n in rest:
        if n not in columns:
            rows[n] = np.zeros((count, program.sizes[n]), program.dtype)
    weight = program.minus_energy(f, rows)
    for n, x in rows.items():
        if n not in rest or n in columns:
            weight += program.log_base(n, seen_columns(x, columns[n]) if n in rest else x)
    etas = {n: program.field(f, n, rows) for n in rest}
    for n, eta in etas.items():
        at = columns.get(n, np.arange(program.sizes[n]))
        own = np.ascontiguousarray(eta[..., at])
        weight += program.log_partition(n, own)
        rows[n][:, at] = program.mean(n, own)
        if program.plan.group(n).square:
            rows.squares[n] = rows[n] * rows[n]
            rows.squares[n][:, at] = program.mean_square(n, own)
    return weight


def seen_columns(x: Array, missing: Array) -> Array:
    """The columns of x that are not missing."""
    return np.ascontiguousarray(np.delete(x, missing, axis=1))


def batches(machine: Phases, state: State, free: Free, what: str, limit: int) -> Iterator[Part]:
    """The parts of each batch of cases as one, and weights that sum to 1 a case: P of what is
    enumerated given what was seen.
    """
    waiting: list[Part] = []
    for part in parts(machine, state, free, what, limit):
        if waiting and waiting[0].cases[0] != part.cases[0]:
            yield _joined(waiting, free)
            waiting = []
        waiting.append(part)
    if waiting:
        yield _joined(waiting, free)


def _joined(found: list[Part], free: Free) -> Part:
    """Parts of the same cases side by side; of several parts each has one case."""
    first = found[0].rows
    rows = Rows(
        {n: np.concatenate([p.rows[n] for p in found]) for n in first},
        {n: np.concatenate([p.rows.squares[n] for p in found]) for n in first.squares},
    )
    w = np.concatenate([p.weights for p in found], axis=1)
    for (
        n,
        temperature,
    ) in (
        free.tempered.items()
    ):  # P(z | seen) to the power 1/T: what multiplies all rows of one state of z
        code = np.unique(rows[n][: w.shape[1]], axis=0, return_inverse=True)[1].ravel()
        each = np.stack(
            [special.logsumexp(w[:, code == k], axis=1) for k in range(code.max() + 1)], axis=1
        )
        w = w + ((1 / temperature - 1) * each)[:, code]
    return Part(found[0].cases, rows, np.exp(w - special.logsumexp(w, axis=1, keepdims=True)))


# ------------------------------------------------------------ what machines ask for


def free_energies(machine: Phases, state: State, hidden: tuple[str, ...]) -> Array:
    """F of what was seen, [cases], in nats: by enumeration, or unit after unit where the machine is
    sparse. BmError BM801.
    """
    out = np.empty(len(next(iter(state.values()))))
    with machine.frozen():
        for p in patterns(state):
            here = {n: x[p.cases] for n, x in state.items()}
            try:
                found = np.full(len(p.cases), -np.inf)
                for part in parts(
                    machine, here, Free(hidden, p.columns), "the free energy", enumeration.LIMIT
                ):
                    found[part.cases] = np.logaddexp(
                        found[part.cases], special.logsumexp(part.weights, axis=1)
                    )
            except BmError as by_group:
                try:
                    found = unit_by_unit(machine, here)
                except BmError:
                    raise by_group from None
            out[p.cases] = -found
    return out


def unit_by_unit(machine: Phases, state: State) -> Array:
    """−F of what was seen by elimination, case after case: [cases], in nats.

    BmError BM801 where the tables are too large.
    """
    f = machine.held_fields()
    rows = range(len(next(iter(state.values()))))
    return np.array(
        [
            Elimination(
                machine.program, f, {n: x[r] for n, x in state.items()}, "the free energy"
            ).log_z
            for r in rows
        ]
    )


def means(
    machine: Phases,
    state: State,
    free: tuple[str, ...],
    what: str,
    limit: int,
    tempered: Mapping[str, float],
) -> State:
    """E[x | what was seen] of the groups `free`, and of those seen in part: group → [cases, size],
    float64. BmError BM801.
    """
    out: dict[str, Array] = {}
    count = len(next(iter(state.values())))
    with machine.frozen():
        for p in patterns(state):
            here = {n: x[p.cases] for n, x in state.items()}
            for part in batches(machine, here, Free(free, p.columns, tempered), what, limit):
                each = part.weights.shape[1]
                for n in part.rows:
                    x = part.rows[n].reshape(len(part.cases), each, -1)
                    into = out.setdefault(n, np.empty((count, x.shape[2])))
                    into[p.cases[part.cases]] = np.einsum(
                        "cs,csp->cp", part.weights, x, dtype=np.float64
                    )
    return out


def posterior_means(machine: Phases, state: State, free: tuple[str, ...], limit: int) -> State:
    """E[x | what was seen] of the groups `free`: exact of cases that take at most 2^limit states,
    of the others by mean field. [cases, size].
    """
    tempered = {n: t for n, t in machine.temperature.items() if n in free and t != 1}
    count = len(next(iter(state.values())))
    out = {n: np.empty((count, machine.program.sizes[n])) for n in free}
    rest: list[Array] = []
    with machine.frozen():
        for p in patterns(state):
            here = {n: x[p.cases] for n, x in state.items()}
            try:
                found = means(machine, here, free, "the posterior", limit, tempered)
            except BmError:
                rest.append(p.cases)
                continue
            for n in free:
                out[n][p.cases] = found[n]
        if rest:  # at once: mean field of a case does not depend on those beside it
            at = np.sort(np.concatenate(rest))
            rows = machine.mean_field({n: x[at] for n, x in state.items()}, 100, 1e-6, 0.0)[0]
            for n in free:
                out[n][at] = rows[n]
    return out


def accumulate(
    machine: Phases,
    state: State,
    out: dict[str, Array],
    scale: float,
    limit: int = enumeration.PER_CASE,
) -> None:
    """out[θ] += scale · Σ_cases E[∂(−E)/∂θ | what was seen].

    BmError BM801 where more than 2^limit states a case are too few.
    """
    with machine.frozen():
        for p in patterns(state):
            here = {n: x[p.cases] for n, x in state.items()}
            for part in batches(
                machine, here, Free(machine.hidden, p.columns), "the positive phase", limit
            ):
                machine.program.accumulate(
                    machine.params, part.rows, part.weights.ravel(), out, scale
                )
