"""The variational lower bound on −F(v) for means of independent units (Salakhutdinov & Hinton 2009,
Deep Boltzmann Machines, eq. 7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..runtime.missing import has_missing
from ..runtime.program import TAKES, Array, Rows, State
from . import enumeration

if TYPE_CHECKING:
    from .phases import Phases


def lower_bound(machine: Phases, rows: Rows, observed: State) -> Array:
    """E_q[−E(v, h)] + H(q) ≤ log Σ_h exp(−E(v, h)) = −F(v): [rows], in nats, float64.

    q is a product of the hidden units' own distributions, and of those of visible ones that
    `observed` has no value for (NaN), so that F is then that of what is observed. Each group's is
    made anew from the others' means in `rows`, whose fields η give H(q) + E_q[log base] = Σ A(η) −
    η·E[t]. The bound holds for any means, and is best at mean field's fixed points.
    """
    program, f = machine.program, machine.held_fields()
    program.verify_takes(TAKES, "the variational bound")
    q = Rows(dict(rows), dict(rows.squares))
    partly = tuple(n for n in machine.visible if np.isnan(observed[n]).any())
    total = np.zeros(len(next(iter(rows.values()))))
    for name in machine.hidden:
        eta = program.field(f, name, q)
        _put_means(machine, q, name, eta, None)
        total += program.log_partition(name, eta) - _paired(eta, q, name).sum(1)
    for name in partly:
        eta = program.field(f, name, q)
        units = eta.shape[-1] // program.states[name]
        missing = np.isnan(observed[name]).reshape(len(total), units, -1).any(2)
        _put_means(machine, q, name, eta, np.repeat(missing, program.states[name], axis=1))
        free = _each(program.log_partition, name, eta, units) - _paired(eta, q, name).reshape(
            len(total), units, -1
        ).sum(2)
        total += np.where(
            missing, free, _each(program.log_base, name, np.nan_to_num(observed[name]), units)
        ).sum(1)
    return total + program.log_weight(
        f, q, [n for n in (*machine.visible, *machine.given) if n not in partly]
    )


def _put_means(machine: Phases, q: Rows, name: str, eta: Array, where: Array | None) -> None:
    """Means, and those of squares, from a group's fields, of the units that `where` [rows, size]
    has.
    """
    mean = machine.program.mean(name, eta)
    q[name] = mean if where is None else np.where(where, mean, q[name])
    if eta.ndim == 3:
        square = machine.program.mean_square(name, eta)
        q.squares[name] = square if where is None else np.where(where, square, q[name] * q[name])


def _paired(eta: Array, q: Rows, name: str) -> Array:
    """η·E[t] of every column, [rows, size], float64."""
    if eta.ndim == 2:
        return eta.astype(np.float64) * q[name]
    return eta[0].astype(np.float64) * q[name] + eta[1].astype(np.float64) * q.squares[name]


def _each(total: Callable[[str, Array], Array], name: str, x: Array, units: int) -> Array:
    """What `total` sums over a group's units, unit by unit: [rows, units]."""
    rows, size = x.shape[-2:]
    return total(
        name, np.ascontiguousarray(x).reshape(*x.shape[:-2], rows * units, size // units)
    ).reshape(rows, units)


def bounded(
    machine: Phases, state: State, steps: int, tol: float, damping: float
) -> tuple[Array, int]:
    """The bound of every case after mean field, and the iterations that took."""
    with machine.frozen():
        rows, used = machine.mean_field(state, steps, tol, damping)
        return (
            lower_bound(machine, rows, {n: machine.program.flat(n, x) for n, x in state.items()}),
            used,
        )


def minus_free_energy(machine: Phases, state: State) -> Array:
    """−F(v) of every case, exact where hidden units can be summed out of all cases at once, else
    mean field's bound: [cases], nats.
    """
    if has_missing(state) or not enumeration.summed_at_once(machine.program, machine.hidden):
        return bounded(machine, state, 30, 1e-4, 0.0)[0]
    return -machine.free_energies({n: machine.program.flat(n, x) for n, x in state.items()})
