"""Mean field: means m = A′(η(m)) of independent units, by fixed-point iteration (Salakhutdinov &
Hinton 2009, Deep Boltzmann Machines, eq. 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..plan.term_kinds import no_means
from ..runtime.program import TAKES, Array, Fields, Program, Rows, State

if TYPE_CHECKING:
    from .phases import Phases

SHARE = 0.8
"""Settled cases leave the products once no more than this share of those at work still move: a
smaller product then saves more than the copies cost.
"""


def fixed_point(
    machine: Phases, state: State, steps: int, tol: float, damping: float
) -> tuple[Rows, int]:
    """Means block after block, visible units fixed but where they are NaN. Returns means and the
    iterations that the slowest case took.

    A case is done when none of its means moves by `tol` or more in one iteration: what it gets does
    not depend on the cases beside it.
    """
    program, f = machine.program, machine.held_fields()
    program.verify_takes(
        TAKES, "mean field"
    )  # experts too: the units that they see stay as they are
    state = {n: program.flat(n, x) for n, x in state.items()}
    count = len(next(iter(state.values())))
    seen = {n: x for n, x in state.items() if np.isnan(x).any()}
    for name in machine.free:
        if program.plan.group(name).expert and (name in seen or name not in state):
            raise no_means(name)
    begun = {
        n: np.where(np.isnan(x), 0, x).astype(machine.dtype) if n in seen else x
        for n, x in state.items()
    }
    rows = Rows(
        begun
        | {
            n: np.zeros((count, program.sizes[n]), machine.dtype)
            for n in machine.free
            if n not in begun
        }
    )
    free = [n for block in program.plan.blocks for n in block if n in seen or n not in state]
    fixed = {
        n: program.field(f, n, rows, groups=[g for g in rows if g not in free]) for n in free
    }  # does not change: made once
    out, everywhere, at = (
        Rows(dict(rows) | {n: np.empty_like(rows[n]) for n in free}),
        seen,
        np.arange(count),
    )
    going = np.ones(count, bool)
    used = 0
    known = [
        n for n in free if n in begun
    ]  # the others begin at zero: their products wait until there is something to multiply
    for used in range(1, max(1, steps) + 1):  # noqa: B007  # returned
        settled = going & (
            _iterate(
                program, f, rows, fixed, free, known, seen, damping, tol > 0, machine.temperature
            )
            < tol
        )
        if settled.any():
            _put(rows, out, free, settled, at)
            going &= ~settled
        if not going.any():
            break
        if going.sum() <= SHARE * len(going):
            rows = Rows(
                {n: x[going] for n, x in rows.items()},
                {n: x[going] for n, x in rows.squares.items()},
            )
            fixed, seen, at = (
                {n: x[..., going, :] for n, x in fixed.items()},
                {n: x[going] for n, x in seen.items()},
                at[going],
            )
            going = going[going]
    _put(rows, out, free, going, at)
    out.squares = _squares(program, f, out, free, everywhere)
    machine.watch(out)
    return out, used


def _iterate(
    program: Program,
    f: Fields,
    rows: Rows,
    fixed: State,
    free: list[str],
    known: list[str],
    seen: State,
    damping: float,
    told: bool,
    temperature: Mapping[str, float],
) -> Array:
    """One iteration in `rows`; how far the means of each case moved at most, [rows], where that is
    to be `told`, else 0.

    `known`: the free groups whose means are not zero yet; grows to all of them.
    """
    moved = np.zeros(len(next(iter(rows.values()))))
    empty = np.empty((0, 0), program.dtype)
    for name in free:
        eta = program.field(
            f, name, rows, groups=known if name in known else [*known, name], start=fixed[name]
        )
        if temperature.get(name, 1.0) != 1:
            eta = eta / program.dtype.type(temperature[name])
        if program.meets(name):
            new = program.settle(f, name, eta, rows, seen.get(name, empty))
        else:
            new = program.mean(name, eta)
        if damping:
            new = ((1 - damping) * new + damping * rows[name]).astype(program.dtype)
        if name in seen:
            new = np.where(np.isnan(seen[name]), new, seen[name]).astype(program.dtype)
        if told:
            np.maximum(moved, np.abs(new - rows[name]).max(axis=1, initial=0), out=moved)
        rows[name] = new
        if name not in known:
            known.append(name)
        if program.plan.group(name).square:
            rows.squares |= _squares(program, f, rows, [name], seen)
    return moved


def _put(rows: Rows, out: Rows, free: list[str], which: Array, at: Array) -> None:
    """Means of these of the cases at work into their places."""
    for name in free:
        out[name][at[which]] = rows[name][which]


def _squares(program: Program, f: Fields, rows: State, free: list[str], seen: State) -> State:
    """E[x²] of the free groups whose type has that statistic; an observed entry's is its own
    square.
    """
    squares = {
        n: program.mean_square(n, program.field(f, n, rows))
        for n in free
        if program.plan.group(n).square
    }
    return {
        n: np.where(np.isnan(seen[n]), s, rows[n] ** 2) if n in seen else s
        for n, s in squares.items()
    }
