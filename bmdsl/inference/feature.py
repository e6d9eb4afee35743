"""Finds features by name, and the one-of-K unit that responsibilities belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import registry
from ..language.diagnostics import fail, near
from ..runtime import summing
from ..runtime.missing import has_missing
from ..runtime.program import Array, State
from . import enumeration

if TYPE_CHECKING:
    from .machine import Machine

PACKAGE = "bmdsl.inference.features"


def feature(name: str) -> Any:
    """The module of this name. BmError BM816 where there is none."""
    known = registry.discover(PACKAGE)
    if name not in known:
        close = near(name, known)
        raise fail(
            "BM816",
            f"there are no features `{name}`",
            help=f"did you mean `{close}`?" if close else f"features are {', '.join(known)}",
        )
    return known[name]


def minus_free_energies(machine: Machine, state: State) -> Array:
    """−F(v, z_k) = log Σ_h exp(−E(v, h, z_k)) of every component k, in nats: [cases, K], float64
    (Nair & Hinton 2008, eq. 10).

    BmError BM816 where the model has no hidden one-of-K unit or several, BM801 where its other
    hidden units cannot be summed out.
    """
    units = [n for n in machine.hidden if machine.program.plan.is_one_unit(n)]
    if len(units) != 1:
        what = (
            f"{len(units)} hidden one-of-K units, {', '.join(units)}"
            if units
            else "no hidden one-of-K unit"
        )
        raise fail(
            "BM816",
            f"`{machine.model.name}` has {what}: whose responsibilities is not known",
            help="use the features `means`",
        )
    z, rest = units[0], tuple(n for n in machine.hidden if n != units[0])
    if enumeration.choose(machine.program, rest, "a component's free energy", 0):
        raise fail(
            "BM801",
            f"hidden units of `{machine.model.name}` act on one another given `{z}`, so no"
            " component's free energy is exact",
        )
    if has_missing(state):
        return _of_what_was_seen(machine, state, z)
    f, step = machine.held_fields(), summing.cases_at_once(machine.program, z)
    count = len(next(iter(state.values())))
    parts = (
        {n: x[lo : lo + step] for n, x in state.items() if n not in machine.hidden}
        for lo in range(0, count, step)
    )
    return np.concatenate(
        [summing.by_state(machine.program, f, part, z, rest, whole=False)[1] for part in parts]
    )


def _of_what_was_seen(machine: Machine, state: State, z: str) -> Array:
    """−F(v seen, z_k): missing units are summed out with the hidden ones.

    BmError BM801 where that takes too many states.
    """
    seen = {n: x for n, x in state.items() if n not in machine.hidden}
    count, states = len(next(iter(seen.values()))), machine.program.sizes[z]
    out = np.empty((count, states))
    for k in range(states):
        component = np.zeros((count, states), machine.dtype)
        component[:, k] = 1
        out[:, k] = -machine.free_energies({**seen, z: component})
    return out
