"""The posterior of independent groups as ops: E[x | v] = A′(η(v)) of every hidden group."""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder, Phase
from ..schedule import Composition
from ..values import BATCH, Life, Number
from .conditionals import conditional_means
from .free_energy import RESULT
from .phases import verify_independent
from .sweeps import MEAN, MEAN_SQUARE
from .terms import terms_of

FIELD = (*RESULT, "field")
"""What the array of a group's fields is bound to, before its name."""


def posterior(
    plan: Plan,
    given: tuple[str, ...],
    free: tuple[str, ...],
    means: frozenset[str],
    cells: bool = False,
) -> Composition:
    """The routine `posterior`: means of the groups `free` given the others, and their fields.

    `means`: given groups whose values may be means. `cells`: couplings of a lattice are not listed.
    Raises NotScheduled if `free` groups are not
    independent, or for a term that ops do not carry out.
    """
    b = Builder(plan, "posterior", "Means of hidden groups given the others, and their fields")
    terms = terms_of(b, cells=cells)
    verify_independent(b, free)
    rows = {
        n: b.state(n, n, BATCH, Life.GIVEN, means=n in means, source=("data", n)) for n in given
    }
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    b.heading(f"{', '.join(free)} given the rest")
    ends = conditional_means(b, terms, free, Phase(rows, Number("1.0")), BATCH)
    found = {MEAN: ends.rows, MEAN_SQUARE: ends.squares, FIELD: ends.fields}
    for source, values in found.items():
        for name in free:
            if name in values:
                b.with_life(values[name], Life.KEPT, (*source, name))
    return b.composition()
