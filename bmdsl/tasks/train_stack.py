"""A stack trained layer after layer, or all layers at once: what `bm train` does with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.finding import find
from ..data.preparing import Preparation
from ..files import file_names
from ..language.overrides import Override
from ..model import Model
from ..runs.earlier_run import clear, verify_vacant
from ..runs.provenance import absolute
from ..runtime.interrupts import Stopped
from ..stacks.folder import write_stack
from ..stacks.joint import Arrays, Trained, hidden_means
from ..stacks.stack_machine import StackMachine
from ..stacks.stack_model import Layer, StackModel
from ..training.callbacks import Callback, Given, callbacks_of
from .train import bound, fit, ready_cases, some_whole
from .train_jointly import OnLayer, fit_jointly

if TYPE_CHECKING:
    from ..inference.machine import Machine

AT_START = 2000
"""Cases whose means the upper layers of a stack trained jointly start from: nothing is kept for all
cases.
"""


def train_stack(
    stack: StackModel,
    data: Any,
    out: str | Path | None,
    *,
    seed: int | None = None,
    dtype: str = "float32",
    on_layer: OnLayer | None = None,
    overwrite: bool = False,
    settings: Mapping[str, Override] | None = None,
    callbacks: Sequence[Given] = (),
) -> StackMachine:
    """Trains layer after layer, or all at once, as `StackModel.train` says."""
    settings = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    bound_stack = stack.bind(settings) if settings else stack
    watching = callbacks_of(callbacks)
    spec = data if data is not None else stack.layers[0].model.checked.training.data
    folder = None if out is None else Path(out)
    if folder is not None:
        verify_vacant(folder, overwrite)
        clear(folder)
    made = (
        _layer_after_layer(bound_stack, spec, folder, dtype, on_layer, overwrite, watching)
        if stack.checked.greedily
        else layers_at_start(bound_stack, spec, dtype)
    )
    if stack.checked.jointly:
        made = fit_jointly(bound_stack, made, spec, folder, on_layer, watching)
    if folder is not None:
        write_stack(
            folder, stack, made, absolute(str(spec)) if isinstance(spec, str | Path) else ""
        )
    return StackMachine(stack.name, tuple(made))


def _layer_after_layer(
    stack: StackModel,
    spec: Any,
    folder: Path | None,
    dtype: str,
    on_layer: OnLayer | None,
    overwrite: bool,
    callbacks: Sequence[Callback],
) -> list[Trained]:
    made: list[Trained] = []
    ready: dict[str, Arrays] = {}
    folders = file_names(x.name for x in stack.layers)
    for layer in stack.layers:
        given, model, machine = _begun(layer, made, ready, spec, dtype)
        own = None if folder is None else folder / folders[layer.name]
        outcome = fit(
            model,
            machine,
            given,
            own,
            prepared=layer.below is not None,
            overwrite=overwrite,
            callbacks=callbacks,
        )
        made.append(Trained(layer.name, layer.below, layer.group, machine))
        ready[layer.name] = outcome.data
        if on_layer is not None:
            on_layer(layer.name, outcome)
        if outcome.run.interrupted:
            raise Stopped(outcome.run.signal, whole=True)
    return made


def layers_at_start(stack: StackModel, spec: Any, dtype: str) -> list[Trained]:
    """Layers whose parameters are at their start; what comes from data, for layers above the first,
    from the means of AT_START cases below.
    """
    made: list[Trained] = []
    ready: dict[str, Arrays] = {}
    for layer in stack.layers:
        given, model, machine = _begun(layer, made, ready, spec, dtype)
        cases = given if layer.below is not None else ready_cases(machine, given)[1]
        machine.start_from(cases)
        ready[layer.name] = some_whole(cases, AT_START)
        made.append(Trained(layer.name, layer.below, layer.group, machine))
    return made


def _begun(
    layer: Layer, made: Sequence[Trained], ready: Mapping[str, Arrays], spec: Any, dtype: str
) -> tuple[Any, Model, Machine]:
    """What a layer is trained on (`spec`, or the means of the one below), its model with lengths
    taken from that, and a new machine.
    """
    given: Any = None
    if layer.below is None:
        given = None if spec is None else find(spec, layer.model.checked)
    else:
        seen = next(g for g in layer.model.checked.groups if g.role == "visible")
        given = {
            seen.name: hidden_means(
                next(x.machine for x in made if x.name == layer.below),
                ready[layer.below],
                str(layer.group),
            )
        }
    model = bound(layer.model, given)
    machine = model.compile(model.checked.training.seed, dtype)
    machine.takes_means |= layer.below is not None
    if layer.below is not None:
        machine.preparation = Preparation(model.checked, {}, fed=True)
    return given, model, machine
