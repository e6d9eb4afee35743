"""Σ_i log P(x_i | all other units) and its gradient, for energies of any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..plan.polynomials import order_of, slopes
from ..plan.term_kinds import Kind
from ..runtime.program import TAKES, Array, Rows, State

if TYPE_CHECKING:
    from .phases import Phases


def value_and_gradient(
    machine: Phases, state: State, weights: Array, out: dict[str, Array] | None, scale: float
) -> float:
    """Σ_n w_n Σ_i log P(x_i | rest) of visible states [n, size], in nats; out[θ] += scale · its
    derivative.

    d/dθ Σ_i log P(x_i | rest) = Σ_i (t(x_i) − ⟨t(x_i)⟩) ∂η_i/∂θ, which is the derivative of −E's
    own gradient along the residuals r = t − ⟨t⟩: a polynomial in the step of the energy's order, so
    that a few evaluations at x ± t r give it exactly.
    """
    f, program = machine._fields(), machine.program
    program.verify_takes(
        TAKES - {Kind.EXPERT}, "the pseudo-likelihood"
    )  # given all others, such units are no family of their own
    total = 0.0
    residual: State = {}
    residual2: State = {}
    for g in program.plan.groups:
        if g.role == "given":
            continue
        x = state[g.name]
        eta = program.field(f, g.name, state)
        residual[g.name] = x - program.mean(g.name, eta)
        own = x * (eta[0] if g.square else eta)
        if g.square:
            residual2[g.name] = x * x - program.mean_square(g.name, eta)
            own = own + x * x * eta[1]
        one = (
            own.sum(1, dtype=np.float64)
            + program.log_base(g.name, x)
            - program.log_partition(g.name, eta)
        )
        total += float(weights @ one)
    if out is None:
        return total
    for t, slope in slopes(order_of(program.plan.model)):
        for sign in (1, -1):
            moved = {
                n: (x + sign * t * residual[n]).astype(machine.dtype) if n in residual else x
                for n, x in state.items()
            }
            squares = {
                n: (state[n] ** 2 + sign * t * r).astype(machine.dtype)
                for n, r in residual2.items()
            }
            machine.accumulate(
                Rows(moved, squares), weights.astype(machine.dtype), out, sign * slope * scale
            )
    return total
