"""The variational lower bound on −F(v) for means of independent units (Salakhutdinov & Hinton 2009, Deep Boltzmann Machines, eq. 7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from . import enumeration
from .missing import has_missing, patterns
from .observed_part import seen_columns
from .program import TAKES, Array, Rows, State

if TYPE_CHECKING:
    from .phases import Phases


def lower_bound(machine: Phases, rows: Rows, missing: Mapping[str, Array] = MappingProxyType({})) -> Array:
    """E_q[−E(v, h)] + H(q) ≤ log Σ_h exp(−E(v, h)) = −F(v): [rows], in nats, float64.

    q is a product of the hidden units' own distributions; each group's is made anew from the others' means in `rows`, whose fields η
    then give H(q) + E_q[log base] = Σ A(η) − η·E[t]. The bound holds for any means, and is best at mean field's fixed points.

    `missing`: visible group → its columns that nobody saw, the same in all rows; they are units of q as hidden ones are.
    """
    program, f = machine.program, machine.held_fields()
    program.verify_takes(TAKES, "the variational bound")
    q = Rows(dict(rows), dict(rows.squares))
    total = np.zeros(len(next(iter(rows.values()))))
    for name in (*machine.hidden, *missing):
        at = missing.get(name, slice(None))
        eta = np.ascontiguousarray(program.field(f, name, q)[..., at])
        square = program.plan.group(name).square
        mean = program.mean(name, eta)
        total += program.log_partition(name, eta) - np.einsum("nu,nu->n", eta[0] if square else eta, mean, dtype=np.float64)
        q[name] = _put(q[name], at, mean)
        if square:
            both = program.mean_square(name, eta)
            total -= np.einsum("nu,nu->n", eta[1], both, dtype=np.float64)
            q.squares[name] = _put(q[name] ** 2, at, both)
    for name in machine.visible:
        total += program.log_base(name, seen_columns(q[name], missing[name]) if name in missing else q[name])
    return total + program.minus_energy(f, q)


def _put(x: Array, at: Array | slice, part: Array) -> Array:
    """x with these columns replaced."""
    out = x.copy()
    out[:, at] = part
    return out


def bounded(machine: Phases, state: State, steps: int, tol: float, damping: float) -> tuple[Array, int]:
    """The bound of every case after mean field, and the iterations that took."""
    with machine.frozen():
        rows, used = machine.mean_field(state, steps, tol, damping)
        if not has_missing(state):
            return lower_bound(machine, rows), used
        found = np.empty(len(next(iter(rows.values()))))
        for p in patterns(state):
            part = Rows({n: x[p.cases] for n, x in rows.items()}, {n: x[p.cases] for n, x in rows.squares.items()})
            found[p.cases] = lower_bound(machine, part, p.columns)
        return found, used


def minus_free_energy(machine: Phases, state: State) -> Array:
    """−F(v) of every case, exact where hidden units can be summed out of all cases at once, else mean field's bound: [cases], nats."""
    if has_missing(state) or not enumeration.summed_at_once(machine.program, machine.hidden):
        return bounded(machine, state, 30, 1e-4, 0.0)[0]
    return -machine.free_energies({n: machine.program.flat(n, x) for n, x in state.items()})
