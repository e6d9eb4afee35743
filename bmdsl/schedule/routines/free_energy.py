"""The free energy of every case as ops: hidden groups that are independent given the rest are
summed out.

F(v) = −log Σ_h exp(−E(v, h)),     −F(v) = −E(v, h = 0) + log base(v) + Σ A_h(η_h(v))
"""

from __future__ import annotations

from ...interactions.constants import add_traces
from ...plan.plan import Plan, pairs_itself
from ..builder import Builder, NotScheduled, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Value
from .by_state import add_log_sum, enumerated_unit
from .phases import given_means
from .terms import Terms, terms_of

RESULT = ("result",)
"""What the array is bound to that a routine leaves its answer in."""


def free_energy(plan: Plan, given: tuple[str, ...], cells: bool = False) -> Composition:
    """The routine `free_energy`: −F at cases of the groups `given`, less what no state changes, as
    states or means.

    `cells`: couplings of a lattice are not listed. Raises NotScheduled if the other groups are not
    independent, or for a term that ops do not carry out.
    """
    summed = tuple(g.name for g in plan.groups if g.name not in given)
    b = Builder(plan, "free_energy", "−F of every case, less the energy's constant")
    terms = terms_of(b, cells=cells)
    unit = None
    if plan.graph.couples.edges_among(summed):
        unit = enumerated_unit(b, summed)
        if unit is None:
            raise NotScheduled("a sum over the states of several groups")
    cases = Phase(given_means(b, given), Number("1.0"))
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    out = b.value("minus_F", Content.FIGURE, (BATCH,), Life.GIVEN, number="f8", source=RESULT)
    if unit is None:
        add_log_weights(b, terms, cases, summed, out, BATCH)
        add_traces(b, out)
        return b.composition()
    add_log_weights(b, terms, cases, (), out, BATCH)
    add_traces(b, out)
    b.heading(f"{', '.join(summed)} summed out, state after state of {unit}")
    near = tuple(n for n in summed if n != unit)
    add_log_sum(b, terms, cases, unit, near, out, BATCH)
    return b.composition()


def add_log_weights(
    b: Builder,
    terms: Terms,
    phase: Phase,
    summed: tuple[str, ...],
    out: Value,
    rows: int | str,
) -> None:
    """out = −E, less its constant, and the log base measures of the phase's groups; the independent
    groups `summed` summed out.
    """
    b.heading(f"−E with {', '.join(summed) or 'nothing'} at 0")
    b.do("begin_energies", out)
    terms.add_minus_energy(b, phase, out, rows)
    for name, x in phase.rows.items():
        b.add_log_base(name, x, out)
    for name in summed:
        b.heading(f"{name} summed out")
        b.add_log_partition(name, terms.field(b, name, phase, rows), out)


def verify_pairs(plan: Plan) -> None:
    """Raises NotScheduled if pairs of units with themselves add a constant to the energy."""
    if any(
        g.lateral and g.unit.reduces.get(2, 2) == 0 and pairs_itself(plan, g.name)
        for g in plan.groups
    ):
        raise NotScheduled("pairs of units with themselves that no state changes")
