"""The conditional means of one group as ops: E[x | the rest] = A′(η)."""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder, NotScheduled, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number
from .free_energy import RESULT
from .phases import given_means
from .terms import terms_of


def conditional(plan: Plan, group: str, given: tuple[str, ...], cells: bool = False) -> Composition:
    """The routine `conditional`: the means of a group at cases of the groups `given`, as states or
    means. `cells`: couplings of a lattice are not listed.

    Raises NotScheduled for units that experts see, which have no means in closed form.
    """
    if plan.group(group).expert:
        raise NotScheduled("means of units that experts see")
    b = Builder(plan, "conditional", f"E[{group} | {', '.join(given)}] of every case")
    terms = terms_of(b, cells=cells)
    cases = Phase(given_means(b, given), Number("1.0"))
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    labels = (BATCH, group)
    shape = (BATCH, b.size(group))
    out = b.value(f"m_{group}", Content.MEANS, shape, Life.KEPT, labels=labels, source=RESULT)
    b.heading(f"{group} given the rest")
    b.mean(group, terms.field(b, group, cases, BATCH), out)
    return b.composition()
