"""The stages of the compiler as text: what `bm emit` does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..language.diagnostics import fail
from ..language.model import Choice

if TYPE_CHECKING:
    from ..model import Model
    from ..schedule.passes import Pass
    from ..schedule.schedule import Composition, Schedule
    from ..training.composing import Composed

HEADING = "# -- routine: {} --"


def emitted(model: Model, stage: str) -> str:
    """One stage as text: tree, model, graph, plan, schedule or python.

    Raises BM867 for another stage, and BM888 for the schedule of an update that no ops carry out.
    """
    from ..schedule.builder import NotScheduled

    if stage == "schedule":
        try:
            update = str(update_of(model).schedule)
        except NotScheduled as reason:
            raise fail(
                "BM888",
                f"the update of `{model.name}` is not compiled as a whole: {reason}",
                help="`bm emit python` prints the functions that training calls for it",
            ) from None
        return "\n\n".join([update, *map(str, calls_of(model))])
    if stage == "python":
        from ..emit.routine import emit_routine

        try:
            update = emit_routine(update_of(model).schedule)
        except NotScheduled as reason:
            update = f"# training calls the functions above for every minibatch: {reason}\n"
        texts = {"update": update, **{x.name: emit_routine(x) for x in calls_of(model)}}
        parts = [f"{HEADING.format(name)}\n\n\n{text}" for name, text in texts.items()]
        return "\n\n".join([f"{model.emit('python').rstrip()}\n", *parts])
    return model.emit(stage)


def calls_of(model: Model) -> tuple[Schedule, ...]:
    """The routines of a compiled machine's calls that are no training, as far as ops carry them
    out.
    """
    from ..runtime.domain import precisions
    from ..schedule.builder import NotScheduled
    from ..schedule.routines.conditional import conditional
    from ..schedule.routines.free_energy import free_energy
    from ..schedule.routines.sweeps import Chains, sweeps

    plan = model.plan
    given = tuple(g.name for g in plan.groups if g.role != "hidden")
    held = tuple(g.name for g in plan.groups if g.role == "given")
    target = next((g.name for g in plan.groups if g.role == "hidden"), given[0])
    couples = plan.graph
    near = tuple(n for n in (g.name for g in plan.groups) if n in couples.neighbours(target))
    near += (target,) if couples.is_lateral(target) else ()
    composers: tuple[Callable[[], Composition], ...] = (
        lambda: free_energy(plan, given),
        lambda: conditional(plan, target, near),
        lambda: sweeps(plan, Chains(held), precisions(plan)),
    )
    found = []
    for compose in composers:
        with suppress(NotScheduled):
            found.append(compose().schedule)
    return tuple(found)


def update_of(model: Model, passes: tuple[Pass, ...] | None = None) -> Composed:
    """One update of the model's train block, for cases that weigh the same and are whole; after all
    passes, or these.
    """
    from ..schedule.passes import PASSES
    from ..training.composing import Facts, schedule_of
    from ..training.words import words_of

    training = model.checked.training
    positive = training.positive or Choice("exact" if _is_product(model) else "meanfield")
    if training.positive is None and positive.name == "meanfield":
        from ..training.recipe import MEAN_FIELD

        positive = MEAN_FIELD
    modules, penalties = words_of(training, positive)
    facts = Facts(positive, True, frozenset(), False, {}, {}, training.batch)
    return schedule_of(
        model.plan, training, modules, penalties, facts, PASSES if passes is None else passes
    )


def _is_product(model: Model) -> bool:
    """Whether hidden groups are independent given the others: their posterior is a product."""
    hidden = [g.name for g in model.checked.groups if g.role == "hidden"]
    return not any(model.plan.graph.couples.has_edge(a, b) for a in hidden for b in hidden)
