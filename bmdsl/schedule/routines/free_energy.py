"""The free energy of every case as ops: hidden groups that are independent given the rest are
summed out.

F(v) = −log Σ_h exp(−E(v, h)),     −F(v) = −E(v, h = 0) + log base(v) + Σ A_h(η_h(v))
"""

from __future__ import annotations

from ...plan.plan import Plan, pairs_itself
from ..builder import Builder, NotScheduled, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number
from .phases import given_means, terms_of, verify_independent

RESULT = ("result",)
"""What the array is bound to that a routine leaves its answer in."""


def free_energy(plan: Plan, given: tuple[str, ...]) -> Composition:
    """The routine `free_energy`: −F at cases of the groups `given`, less what no state changes, as
    states or means.

    Raises NotScheduled if the other groups are not independent, or for a term that ops do not carry
    out.
    """
    if any(
        g.lateral and g.unit.reduces.get(2, 2) == 0 and pairs_itself(plan, g.name)
        for g in plan.groups
    ):
        raise NotScheduled("pairs of units with themselves that no state changes")
    summed = tuple(g.name for g in plan.groups if g.name not in given)
    b = Builder(plan, "free_energy", "−F of every case, less the energy's constant")
    terms = terms_of(b)
    verify_independent(b, summed)
    cases = Phase(given_means(b, given), Number("1.0"))
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    out = b.value("minus_F", Content.FIGURE, (BATCH,), Life.GIVEN, number="f8", source=RESULT)
    b.heading(f"−E with {', '.join(summed) or 'nothing'} at 0")
    b.do("begin_energies", out)
    terms.add_minus_energy(b, cases, out, BATCH)
    for name in given:
        b.add_log_base(name, cases.rows[name], out)
    for name in summed:
        b.heading(f"{name} summed out")
        b.add_log_partition(name, terms.field(b, name, cases, BATCH), out)
    return b.composition()
