"""The stages of the compiler as text: what `bm emit` does."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..language.diagnostics import fail
from ..language.model import Choice

if TYPE_CHECKING:
    from ..language.model import Model as CheckedModel
    from ..language.model import Training
    from ..model import Model
    from ..schedule.passes import Pass
    from ..schedule.schedule import Composition, Schedule
    from ..stacks.joined import Joined
    from ..stacks.stack_model import StackModel
    from ..training.composing import Composed

HEADING = "# -- routine: {} --"
LAYER = "# ==== {} ===="
"""What stands above the text of each part of a stack."""
OPS = """# -- ops --


# by their meaning in NumPy; a machine calls the compiled kernels of the same names
from bmdsl.schedule.meanings import (
{}
)
"""
"""What routines need to run as Python."""


def emitted(model: Model, stage: str, ranks: int = 1, dtype: str = "float32") -> str:
    """One stage as text: tree, model, graph, plan, schedule or python.

    `python` is a module that runs as it stands: the functions of the model's units and terms, in
    numbers of type `dtype`, and after them the routines.

    Raises BM867 for another stage, and BM888 for the schedule of an update that no ops carry out.
    """
    from ..driver import python_of
    from ..schedule.builder import NotScheduled

    if stage == "schedule":
        try:
            update = str(update_of(model, ranks=ranks).schedule)
        except NotScheduled as reason:
            raise fail(
                "BM888",
                f"the update of `{model.name}` is not compiled as a whole: {reason}",
                help="`bm emit python` prints the functions that training calls for it",
            ) from None
        return "\n\n".join([update, *map(str, calls_of(model))])
    if stage == "python":
        from ..emit.routine import emit_routine
        from .source_lines import origin_of

        schedules = calls_of(model)
        texts = {x.name: emit_routine(x, origin=origin_of(model.plan, x)) for x in schedules}
        try:
            composed = update_of(model, ranks=ranks).schedule
        except NotScheduled as reason:
            text = f"# training calls the functions above for every minibatch: {reason}\n"
        else:
            schedules = composed, *schedules
            text = emit_routine(composed, origin=origin_of(model.plan, composed))
        texts = {"update": text, **texts}
        parts = [f"{HEADING.format(name)}\n\n\n{text}" for name, text in texts.items()]
        module = python_of(model.checked, dtype=dtype).rstrip()
        return "\n\n".join([f"{module}\n", *_imported_ops(schedules), *parts])
    return model.emit(stage)


def _imported_ops(schedules: Iterable[Schedule]) -> list[str]:
    """The lines that bring in what the routines call besides the functions of their own module."""
    from ..schedule.ops import walk

    ops = (op for x in schedules for op in walk(x.body))
    names = sorted({op.kind.name for op in ops if op.kind.origin != "module"})
    lines = textwrap.wrap(", ".join(names), 96, break_long_words=False)
    return [OPS.format(textwrap.indent("\n".join(lines), "    "))] if names else []


def emitted_stack(stack: StackModel, stage: str, dtype: str = "float32") -> str:
    """The updates that a stack is trained by, as schedules or as Python in numbers of type `dtype`:
    those of its layers one after another, the one of all layers at once.

    Raises BM864 for another stage, and BM888 for an update that no ops carry out.
    """
    from ..driver import plan_of, python_of
    from ..emit.routine import emit_routine
    from ..schedule.builder import NotScheduled
    from .source_lines import origin_of

    if stage not in ("schedule", "python"):
        raise fail(
            "BM864",
            f"`{stack.name}` is a stack, one model is needed here",
            help="name one of the file's models: `--model NAME`; `schedule` and `python` print"
            " what a stack is trained by",
        )
    parts = []
    for name, checked, compose in _updates(stack):
        try:
            schedule = compose().schedule
        except NotScheduled as reason:
            raise fail(
                "BM888", f"the update of `{name}` is not compiled as a whole: {reason}"
            ) from None
        head = f"{LAYER.format(name)}\n\n"
        if stage == "schedule":
            parts.append(f"{head}{schedule}")
            continue
        update = emit_routine(schedule, origin=origin_of(plan_of(checked), schedule))
        routine = f"{HEADING.format('update')}\n\n\n{update}"
        module = f"{head}{python_of(checked, dtype=dtype).rstrip()}\n"
        parts.append("\n\n".join([module, *_imported_ops([schedule]), routine]))
    return "\n\n".join(parts)


def _updates(stack: StackModel) -> list[tuple[str, CheckedModel, Callable[[], Composed]]]:
    """What is trained, its model, and what composes its update."""
    from ..stacks.joined import joined
    from .train_jointly import joint_training

    out: list[tuple[str, CheckedModel, Callable[[], Composed]]] = []
    if stack.checked.greedily:
        for layer in stack.layers:
            compose = partial(update_of, layer.model, means=layer.below is not None)
            out.append((layer.name, layer.model.checked, compose))
    if stack.checked.jointly:
        whole = joined(stack.name, stack.checked.parts)
        composed = partial(joint_update_of, whole, joint_training(stack))
        out.append((stack.name, whole.model, composed))
    return out


def joint_update_of(
    whole: Joined, training: Training, passes: tuple[Pass, ...] | None = None
) -> Composed:
    """One update of all layers of a stack at once, for cases that weigh the same and are whole;
    after all passes, or these.
    """
    from ..driver import plan_of
    from ..schedule.passes import PASSES
    from ..training.composing import Facts, schedule_of
    from ..training.words import words_of

    modules, penalties = words_of(training, None)
    layers = whole.layers
    facts = Facts(Choice("exact"), True, frozenset(), False, {}, {}, training.batch, layers=layers)
    chosen = PASSES if passes is None else passes
    return schedule_of(plan_of(whole.model), training, modules, penalties, facts, chosen)


def calls_of(model: Model) -> tuple[Schedule, ...]:
    """The routines of a compiled machine's calls that are no training, as far as ops carry them
    out.
    """
    from ..plan.plan import MANY_CHAINS
    from ..runtime.domain import precisions
    from ..schedule.builder import NotScheduled
    from ..schedule.routines.ais_step import Annealed, ais_step, summed_groups
    from ..schedule.routines.completions import completions
    from ..schedule.routines.conditional import conditional
    from ..schedule.routines.exchange import exchanges
    from ..schedule.routines.free_energy import free_energy
    from ..schedule.routines.mean_field import mean_field_of_cases
    from ..schedule.routines.posterior import posterior
    from ..schedule.routines.sweeps import Chains, sweeps

    plan = model.plan
    given = tuple(g.name for g in plan.groups if g.role != "hidden")
    held = tuple(g.name for g in plan.groups if g.role == "given")
    target = next((g.name for g in plan.groups if g.role == "hidden"), given[0])
    couples = plan.graph
    near = tuple(n for n in (g.name for g in plan.groups) if n in couples.neighbours(target))
    near += (target,) if couples.is_lateral(target) else ()
    summed = summed_groups(plan, MANY_CHAINS)
    annealed = Annealed(summed, held, many=plan.all_listed and not summed)
    filled, *whole = (g.name for g in plan.groups if g.role == "visible")
    hidden = tuple(g.name for g in plan.groups if g.role == "hidden")

    def means_of_hidden() -> Composition:
        if not hidden:
            raise NotScheduled("no hidden units")
        with suppress(NotScheduled):
            return posterior(plan, given, hidden, frozenset())
        return mean_field_of_cases(plan, given, (), frozenset(), False)

    composers: tuple[Callable[[], Composition], ...] = (
        lambda: free_energy(plan, given),
        lambda: conditional(plan, target, near),
        means_of_hidden,
        lambda: sweeps(plan, Chains(held), precisions(plan)),
        lambda: completions(
            plan, Chains((*held, *whole), (filled,), False, many=plan.all_listed), (filled,)
        ),
        lambda: exchanges(plan, Chains(held, begin=False, betas=1, many=plan.all_listed)),
        lambda: ais_step(plan, annealed),
    )
    if plan.selector is not None:  # annealed step by step, with what the unit selects summed out
        composers = composers[:-1]
    found = []
    for compose in composers:
        with suppress(NotScheduled):
            found.append(compose().schedule)
    return tuple(found)


def update_of(
    model: Model, passes: tuple[Pass, ...] | None = None, means: bool = False, ranks: int = 1
) -> Composed:
    """One update of the model's train block, for cases that weigh the same and are whole; after all
    passes, or these. `means`: the cases are means of their units, as some transforms leave them. Of
    several `ranks`, that of the first.
    """
    from ..runtime.domain import precisions
    from ..runtime.gate import takes_means
    from ..schedule.passes import PASSES
    from ..training.composing import Facts, spread_schedule_of
    from ..training.words import words_of

    training = model.checked.training
    positive = training.positive or Choice("exact" if _is_summed(model) else "meanfield")
    if training.positive is None and positive.name == "meanfield":
        from ..training.recipe import MEAN_FIELD

        positive = MEAN_FIELD
    modules, penalties = words_of(training, positive)
    shared = (0, ranks) if ranks > 1 else None
    means = means or takes_means(model.checked)
    precision = precisions(model.plan)
    facts = Facts(positive, True, frozenset(), means, precision, {}, training.batch, ranks=shared)
    chosen = PASSES if passes is None else passes
    return spread_schedule_of(model.plan, training, modules, penalties, facts, chosen)


def _is_summed(model: Model) -> bool:
    """Whether hidden units are summed out where the text names no positive phase: their posterior
    is a product, or has few states.
    """
    from ..schedule.builder import NotScheduled
    from ..schedule.routines.enumerating import enumerable
    from ..training.recipe import FEW

    plan = model.plan
    try:
        chosen = enumerable(plan, tuple(g.name for g in plan.groups if g.role == "hidden"))
    except NotScheduled:
        return False
    return sum(plan.group(n).log2_states() for n in chosen) <= FEW
