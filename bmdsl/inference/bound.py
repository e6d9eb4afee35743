"""The variational lower bound on −F(v) for means of independent units (Salakhutdinov & Hinton 2009, Deep Boltzmann Machines, eq. 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import enumeration
from .program import Array, Rows, State

if TYPE_CHECKING:
    from .phases import Phases


def lower_bound(machine: Phases, rows: Rows) -> Array:
    """E_q[−E(v, h)] + H(q) ≤ log Σ_h exp(−E(v, h)) = −F(v): [rows], in nats, float64.

    q is a product of the hidden units' own distributions; each group's is made anew from the others' means in `rows`, whose fields η
    then give H(q) + E_q[log base] = Σ A(η) − η·E[t]. The bound holds for any means, and is best at mean field's fixed points.
    """
    program, f = machine.program, machine.held_fields()
    q = Rows(dict(rows), dict(rows.squares))
    total = np.zeros(len(next(iter(rows.values()))))
    for name in machine.hidden:
        eta = program.field(f, name, q)
        first = eta[0] if program.plan.group(name).square else eta
        q[name] = program.mean(name, eta)
        total += program.log_partition(name, eta) - np.einsum("nu,nu->n", first, q[name], dtype=np.float64)
        if first is not eta:
            q.squares[name] = program.mean_square(name, eta)
            total -= np.einsum("nu,nu->n", eta[1], q.squares[name], dtype=np.float64)
    for name in machine.visible:
        total += program.log_base(name, q[name])
    return total + program.minus_energy(f, q)


def bounded(machine: Phases, state: State, steps: int, tol: float, damping: float) -> tuple[Array, int]:
    """The bound of every case after mean field, and the iterations that took."""
    with machine.frozen():
        rows, used = machine.mean_field(state, steps, tol, damping)
        return lower_bound(machine, rows), used


def minus_free_energy(machine: Phases, state: State) -> Array:
    """−F(v) of every case, exact where hidden units can be summed out of all cases at once, else mean field's bound: [cases], nats."""
    if not enumeration.summed_at_once(machine.program, machine.hidden):
        return bounded(machine, state, 30, 1e-4, 0.0)[0]
    return -machine.free_energies({n: machine.program.flat(n, x) for n, x in state.items()})
