"""Gibbs sweeps of chains, and energies and sums over units after every few, as ops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...plan.plan import MANY_CHAINS, Plan
from ..builder import Builder, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Value, View
from .free_energy import RESULT
from .pairs import RECORDS, Sums, sum_pairs
from .sweeps import Chains, _betas, prepare_once, repeat_sweeps, states_of, sweep_of
from .terms import terms_of

ENERGIES, SUMS = (*RESULT, "minus energies"), (*RESULT, "sums over units")
"""What the arrays of records are bound to."""


def records(plan: Plan, chains: Chains, group: str, pairs: Sequence[Sums]) -> Composition:
    """The routine `records`: `draws` times `steps` sweeps of all chains, then −E, less what no
    state changes, Σ x over the units of this group, and sums over pairs; draw k is of update
    `call` + k.

    Raises NotScheduled for a term that ops do not carry out.
    """
    b = Builder(plan, "records", "Gibbs sweeps of chains, a row each, and sums over their units")
    terms = terms_of(b, cells=chains.cells)
    if chains.many:
        b.batch = MANY_CHAINS
    state = states_of(b, chains)
    free = tuple(n for block in plan.blocks for n in block if n not in chains.held)
    energies, sums = records_of(b, BATCH)
    phase, beta = Phase(state, Number("1.0")), _betas(b)
    call, steps = b.number("call", "i8"), b.number("steps", "i8")
    prepare_once(b, terms)
    with b.repeat(b.number("draws", "i8"), "draw") as draw:
        b.heading("Gibbs sweeps")
        how = sweep_of(b, state, chains, Number(f"{call} + {draw}"), beta)
        repeat_sweeps(b, terms, phase, steps, how, free, chains)
        b.heading("a record")
        energy = b.shared("minus_E", Content.FIGURE, (BATCH,), "f8")
        b.do("begin_energies", energy)
        terms.add_minus_energy(b, phase, energy, BATCH)
        b.do("begin_energies", View(energies, draw))
        b.do("add_energies", energy, Number("1.0"), View(energies, draw))
        sum_units(b, state, group, View(sums, draw))
        sum_pairs(b, pairs, state, draw)
    return b.composition()


def records_of(b: Builder, rows: str) -> tuple[Value, Value]:
    """The arrays of −E and of Σ x, a row for every record of a call."""
    energies, sums = (
        b.value(name, Content.FIGURE, (RECORDS, rows), Life.KEPT, number="f8", source=source)
        for name, source in (("energies", ENERGIES), ("sums", SUMS))
    )
    return energies, sums


def sum_units(b: Builder, state: Mapping[str, Value], group: str, out: View) -> None:
    """Σ x over the units of a group."""
    ones = b.given("row_of_ones", Content.BIAS, (1, b.size(group)), ("ones", "row"))
    b.do("begin_energies", out)
    b.do("add_row_dots", state[group], ones, out)
