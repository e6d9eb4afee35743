"""The pipeline as a table of contents: text → tree → model → graph → plan → module → machine.

No logic of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from . import registry, units
from .language.check import check, choose
from .language.diagnostics import fail
from .language.imports import Whole, follow, load_definitions
from .language.magnitudes import verify_magnitudes
from .language.model import Model, Stack
from .language.outside import Kept
from .language.parse import parse
from .language.source import Source
from .language.stacks import check_stack
from .language.tree import File, ModelDefinition, StackDefinition
from .language.vocabulary import Vocabulary

if TYPE_CHECKING:
    from .graph.factor_graph import FactorGraph
    from .inference.machine import Machine
    from .plan.plan import Plan
    from .runtime.program import Program


def vocabulary() -> Vocabulary:
    """Every word the installed folders and registered unit types bring."""
    return Vocabulary(
        units=units.words(),
        positive=registry.words("bmdsl.training.positive"),
        negative=registry.words("bmdsl.training.negative"),
        optimizer=registry.words("bmdsl.training.optimizers"),
        schedule=registry.words("bmdsl.training.schedules"),
        penalty=registry.words("bmdsl.training.penalties"),
        pretrain=registry.words("bmdsl.training.pretrain"),
        objective=registry.words("bmdsl.training.objectives"),
        transform=registry.words("bmdsl.data.transforms"),
    )


def tree_of(source: Source) -> File:
    """Text → syntax tree, as written."""
    return parse(source)


def whole_of(tree: File) -> Whole:
    """Tree → the same with its imports followed, once."""
    return follow(tree)


def definition_of(tree: File, name: str | None) -> ModelDefinition:
    """Tree → one model's definition, sugar rewritten, imports followed."""
    definition = choose(load_definitions(tree), name)
    if not isinstance(definition, ModelDefinition):
        raise fail(
            "BM864",
            f"`{definition.name.text}` is a stack, one model is needed here",
            definition.name.span,
            help="name one of the file's models: `--model NAME`, or `model=` from Python",
        )
    return definition


def definitions_of(tree: File) -> tuple[ModelDefinition | StackDefinition, ...]:
    """Tree → all definitions, imported ones first, sugar rewritten."""
    return load_definitions(tree)


def stack_definition_of(tree: File, name: str | None) -> StackDefinition:
    """Tree → the stack of this name, or the last definition where that is one.

    BmError BM864 where it is a model.
    """
    definition = choose(load_definitions(tree), name)
    if not isinstance(definition, StackDefinition):
        raise fail(
            "BM864",
            f"`{definition.name.text}` is a model, a stack is needed here",
            definition.name.span,
        )
    return definition


def is_stack(tree: File, name: str | None) -> bool:
    """Whether the definition of this name, or the last one, is a stack."""
    return isinstance(choose(load_definitions(tree), name), StackDefinition)


def model_of(
    definition: ModelDefinition,
    arguments: Mapping[str, float],
    folder: Path | None,
    kept: Kept | None = None,
) -> Model:
    """Definition → checked model; what is `kept` is not read from files."""
    return check(definition, arguments, vocabulary(), folder, kept)


def stack_of(definition: StackDefinition, tree: File, folder: Path | None) -> Stack:
    """Stack definition → checked stack, its models with it."""
    return check_stack(definition, load_definitions(tree), vocabulary(), folder)


def graph_of(model: Model) -> FactorGraph:
    """Model → factor graph."""
    from .graph.factor_graph import build_factor_graph

    return build_factor_graph(model)


def plan_of(model: Model) -> Plan:
    """Model → plan."""
    from .plan.building import build_plan

    return build_plan(graph_of(model), {g.unit: units.get(g.unit) for g in model.groups})


def python_of(model: Model, compile: bool = True, dtype: str = "float32") -> str:
    """Model → the generated module's source."""
    from .emit.emit import emit_module

    return emit_module(plan_of(model), compile, dtype)[0]


def program_of(
    model: Model, dtype: str, compile: bool = True, memory_limit: int | None = None
) -> Program:
    """Model → its module bound to sizes.

    BmError while an argument still has no value, or where more memory than `memory_limit` bytes is
    needed.
    """
    import numpy as np

    from .emit.build import build_module
    from .emit.emit import emit_module
    from .plan.costs import refuse_too_large
    from .runtime.program import Program
    from .runtime.threads import prefer_openmp

    if model.unbound:
        names = ", ".join(f"`{n}`" for n in model.unbound)
        raise fail(
            "BM865",
            f"model `{model.name}` needs a value for {names}",
            help=f"give data, or {model.unbound[0]} = a number",
        )
    verify_magnitudes(model, dtype)
    prefer_openmp()
    plan = plan_of(model)
    refuse_too_large(plan, model.training, np.dtype(dtype).itemsize, memory_limit)
    source, lengths = emit_module(plan, compile, dtype)
    return Program(plan, build_module(source, compile), lengths, np.dtype(dtype))


def machine_of(model: Model, seed: int, dtype: str) -> Machine:
    """Model → machine, its parameters at their start."""
    from .inference.machine import Machine

    return Machine(model, program_of(model, dtype), seed)
