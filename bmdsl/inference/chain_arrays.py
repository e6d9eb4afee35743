"""Chains and cases as the arrays that routines take, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..plan.plan import FEW_CHAINS, MANY_BY_CELLS, MANY_CHAINS, SITES, SITES_BY_CELLS
from ..runtime.binding import Source
from ..runtime.bound_machine import BoundMachine
from ..runtime.program import Array, Program, Rows, State
from ..runtime.tiles import TILE
from ..schedule.group_arrays import levels_of
from ..schedule.routines.posterior import FIELD
from ..schedule.routines.sweeps import MEAN, MEAN_SQUARE, Chains

EMPTY = 2
"""Places of tiles for every unit up to which units are drawn by tiles (docs/performance.md has the
measurement).
"""
CACHED = 1 << 16
"""Numbers that are looked at together: what is made of them stays in the cache."""


def rows_of(state: State, found: Mapping[Source, Array]) -> Rows:
    """The state with the means that a routine has found, their squares and fields."""
    rows = Rows(dict(state))
    kept: dict[Source, State] = {MEAN: rows, MEAN_SQUARE: rows.squares, FIELD: rows.fields}
    for source, x in found.items():
        kept[source[:-1]][source[-1]] = x
    return rows


def count_rows(state: State) -> int:
    """The number of cases or chains."""
    return len(next(iter(state.values()))) if state else 0


def parted(observed: State) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups that are observed as a whole, and those of which some units are free (NaN)."""
    missing = {n: bool(np.isnan(x).any()) for n, x in observed.items()}
    held = tuple(n for n, some in missing.items() if not some)
    return held, tuple(n for n, some in missing.items() if some)


def passed_chains(state: State, held: tuple[str, ...], seen: State) -> dict[Source, Any]:
    """States as a routine of chains takes them."""
    passed: dict[Source, Any] = {("seen", n): x for n, x in seen.items()}
    return passed | {("data" if n in held else "chain", n): x for n, x in state.items()}


def kind_of_chains(
    machine: BoundMachine,
    state: State,
    observed: State,
    betas: int,
    averaged: tuple[str, ...],
    ends: bool = False,
) -> Chains:
    """Which routine these chains take, some units at what `observed` has (not NaN)."""
    held, seen = parted(observed)
    held += tuple(n for n in machine.given if n not in observed)
    program = machine.program
    count = program.of_all_ranks(count_rows(state))
    many = program.plan.all_listed and count >= MANY_CHAINS and not averaged
    means = frozenset(n for n in state if not has_states(program, n, state[n], observed))
    codes = by_code(machine, many)
    return Chains(held, seen, False, means, averaged, betas, many, ends, codes=codes)


def on_lattice(machine: BoundMachine, chains: Chains, count: int) -> Chains:
    """How so many chains are swept if they are those of a lattice."""
    if chains.averaged:
        return chains
    sites = stand_by_sites(machine.program, count) and machine.layout != "codes"
    cells = by_cells(machine, count)
    many = not sites and (chains.many or cells)
    codes = by_code(machine, many)
    return replace(chains, sites=sites, cells=cells, many=many, codes=codes)


def by_cells(machine: BoundMachine, count: int) -> bool:
    """Whether so many chains of a lattice are drawn without a list of couplings: what couples to a
    unit follows from where it stands.
    """
    program = machine.program
    if program.listing is None or program.listing.stencils is None or machine.layout == "numbers":
        return False
    if machine.layout == "stencil":
        return True
    fewest = SITES_BY_CELLS if program.of_all_ranks(count) < FEW_CHAINS else MANY_BY_CELLS
    return count_units(program) >= fewest


def by_code(machine: BoundMachine, many: bool) -> bool:
    """Whether one-of-K units that act on one another are drawn as codes, where they can be; `many`:
    whether chains of listed terms stand side by side.

    Raises BM778 if the machine's layout is `codes` and no units can be.
    """
    plan = machine.program.plan
    if machine.layout != "codes":
        return machine.layout != "numbers"
    of_codes = [g for g in plan.groups if g.codes and (g.lateral or g.woven)]
    reason = "no units are one of at most 65,536 states and act on one another"
    if of_codes:
        reason = f"fewer than {MANY_CHAINS} chains of a lattice or graph keep fields instead"
        if plan.listed and not plan.all_listed:
            reason = "matrices couple units beside terms that are written out"
    if any(g.coupled_by_code or (g.woven and many) for g in of_codes):
        return True
    raise fail(
        "BM778",
        f"chains of `{machine.model.name}` cannot be codes: {reason}",
        help="leave the layout to `auto`, or choose `numbers`",
    )


def stand_by_sites(program: Program, count: int) -> bool:
    """Whether so few chains of a large lattice or graph are drawn many units at a time: units of a
    colour with as many couplings fill tiles.
    """
    few = program.of_all_ranks(count) < FEW_CHAINS
    if not (program.plan.all_listed and few and count_units(program) >= SITES):
        return False
    assert program.listing is not None
    tiles = sum(program.listing.count_tiles(n) for n in program.plan.listed_groups)
    return TILE * tiles <= EMPTY * count_units(program)


def is_large_lattice(program: Program) -> bool:
    """Whether fields, means and moments of cases are computed without a list of couplings."""
    listing = program.listing
    return listing is not None and listing.are_cells


def count_units(program: Program) -> int:
    """Units of a model whose terms are all listed."""
    return sum(program.sizes[n] // program.states[n] for n in program.plan.listed_groups)


def held_at(
    machine: BoundMachine, chains: Chains, state: State, observed: State
) -> tuple[State, dict[Source, Any]]:
    """The arrays that stand for `state` in a call, observed units at their values, and all that is
    passed of them.
    """
    now = {n: _own(x, machine.dtype) for n, x in state.items() if n not in chains.held}
    for n in chains.seen:
        now[n][...] = np.where(np.isnan(observed[n]), np.nan_to_num(now[n]), observed[n])
    now |= {n: observed[n] if n in observed else state[n] for n in chains.held}
    return now, passed_chains(now, chains.held, {n: observed[n] for n in chains.seen})


def put_back(now: State, state: State) -> None:
    """Arrays that stood for others are copied into these."""
    for n, x in now.items():
        if x is not state[n]:
            state[n][...] = x


def _own(x: Array, dtype: np.dtype[Any]) -> Array:
    """An array that compiled code can write to, x itself if that is one."""
    return x if x.flags.carray and x.dtype == dtype else np.array(x, dtype, order="C")


def has_states(program: Program, name: str, x: Array, observed: State) -> bool:
    """Whether a group of two-valued units is at their two values only, where it begins."""
    levels = levels_of(program.plan.group(name))
    if levels is None:
        return True
    x = (observed[name] if name in observed else x).reshape(-1)
    low, high = levels
    parts = (x[k : k + CACHED] for k in range(0, len(x), CACHED))
    return all(((y == low) | (y == high) | (y != y)).all() for y in parts)
