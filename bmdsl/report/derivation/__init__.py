"""The derivation of a model: energy, conditionals, free energy, gradient and mean field as trees,
from its terms and unit types alone.
"""

from __future__ import annotations

from dataclasses import replace

from ...plan.plan import Plan
from .conditional import conditional, conditionals
from .context import Context
from .energy import energy
from .expression import Equation, Section
from .free_energy import experts, free_energy
from .gradient import gradient
from .latex import PREAMBLE, as_sections
from .letters import named
from .mean_field import mean_field
from .text import as_lines


def derivation(plan: Plan) -> list[Section]:
    """Sections of equations, every letter under the name that is shown."""
    c = Context(plan)
    made = [energy(c), conditionals(c)]
    if c.hidden:
        made.append(free_energy(c))
        made.append(experts(c) if not c.coupled else mean_field(c))
    made.append(gradient(c))
    return [
        replace(
            s, lines=tuple(named(x, plan.model) if isinstance(x, Equation) else x for x in s.lines)
        )
        for s in made
    ]


def conditional_text(plan: Plan, group: str) -> list[str]:
    """The lines of one group's field, density and mean, in plain text."""
    found = conditional(Context(plan), group)
    lines = tuple(named(x, plan.model) if isinstance(x, Equation) else x for x in found.lines)
    return [line.strip() for line in as_lines([replace(found, lines=lines)])[1:] if line]


def as_text(plan: Plan) -> str:
    """The derivation in plain text."""
    return "\n".join(as_lines(derivation(plan))).rstrip()


def as_latex(plan: Plan) -> str:
    """The derivation as LaTeX sections."""
    return "\n".join([PREAMBLE, *as_sections(derivation(plan))])
