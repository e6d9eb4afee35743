"""Groups that condition the model (role `given`): they stay clamped in the negative phase."""

from __future__ import annotations

from ..language.diagnostics import fail
from ..language.model import Choice, Model
from .machine_protocol import Machine


def given_groups(model: Model) -> tuple[str, ...]:
    """Names of the given groups."""
    return tuple(g.name for g in model.groups if g.role == "given")


def refuse_given(machine: Machine, choice: Choice) -> None:
    """BmError where the negative phase is shared by all cases but the model's distribution depends
    on the case.
    """
    given = given_groups(machine.model)
    if given:
        raise fail(
            "BM758",
            f"`negative {choice.name}` is one expectation for all cases, but the distribution"
            f" depends on the given group `{given[0]}`",
            choice.span,
            help="use `negative cd(steps = 1)`, whose chains belong to a case",
        )
