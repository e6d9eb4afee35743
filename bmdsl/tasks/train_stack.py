"""A stack trained layer after layer, or all layers at once: what `bm train` and `bm resume` do with
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.finding import find
from ..data.preparing import Preparation
from ..files import file_names
from ..language.diagnostics import fail
from ..language.overrides import Override
from ..model import Model
from ..runs.earlier_run import clear, verify_vacant
from ..runs.identity import RUN
from ..runs.provenance import differs, is_same, provenance, require_place, say_differs
from ..runs.run_folder import STACK, RunFolder
from ..runtime.interrupts import Stopped
from ..stacks.folder import StackRun, open_stack, read_stack, write_stack
from ..stacks.joint import Arrays, Trained, hidden_means
from ..stacks.stack_machine import StackMachine
from ..stacks.stack_model import Layer, StackModel
from ..training.callbacks import Callback, Given, callbacks_of
from .ranks import refuse_ranks
from .train import fit
from .train_jointly import OnLayer, fit_jointly
from .training_data import bound, ready_cases, some_whole

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
    refuse_ranks("the training of a stack")
    settings = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    bound_stack = stack.bind(settings) if settings else stack
    watching = callbacks_of(callbacks)
    spec = data if data is not None else stack.layers[0].model.checked.training.data
    if out is None:
        if spec is not None:
            spec = find(spec, stack.layers[0].model.checked)
        return _trained(bound_stack, spec, None, dtype, on_layer, callbacks=watching)
    verify_vacant(Path(out), overwrite)
    with RunFolder(Path(out), {}) as folder:
        verify_vacant(folder.path, overwrite)  # again: another one may have ended since
        told = {}
        if spec is not None:
            found = find(spec, stack.layers[0].model.checked)
            told, spec = provenance(spec, found.arrays), found
        clear(folder.path)
        run = StackRun.of(folder.run, bound_stack, dtype, told)
        write_stack(folder.path, run)
        made = _trained(
            bound_stack, spec, folder, dtype, on_layer, overwrite=overwrite, callbacks=watching
        )
        write_stack(folder.path, replace(run, finished=True))
        return made


def resume_stack(
    folder: Path,
    data: Any = None,
    *,
    on_layer: OnLayer | None = None,
    given: StackModel | None = None,
    callbacks: Sequence[Given] = (),
) -> StackMachine:
    """Goes on with the training of a stack, between layers or inside one, as if it had never been
    stopped; a stack that is trained to its end is opened. `data`: where its data are now.

    Raises BM783 where they are no longer there, BM785 where they have changed and are not named,
    BM832 if the stack is another than the `given` one.
    """
    refuse_ranks("the training of a stack")
    kind = StackModel if given is None else type(given)
    with RunFolder(folder, {}) as held:
        run = read_stack(folder)
        if run is not None and given is not None and given.text != run.source.text:
            raise fail(
                "BM832",
                f"the stack in `{folder}` was trained with another text than this `{given.name}`",
                help=f"`bm resume {folder}` goes on with its own",
            )
        if run is None or run.finished:
            return open_stack(folder, kind.kind)[0]
        held.metadata[RUN] = run.run
        stack = run.model(kind)
        spec = data if data is not None else require_place(run.facts, folder, "resume")
        found = find(spec, stack.layers[0].model.checked)
        if is_same(run.facts, spec, found.arrays) is False:
            if data is None:
                way = f"name it to go on with it as it is now: `bm resume {folder} {spec}`"
                raise differs(run.facts, spec, found.arrays, way)
            say_differs(run.facts, spec, found.arrays, "training goes on with it")
        made = _trained(
            stack,
            found,
            held,
            run.dtype,
            on_layer,
            resume=True,
            callbacks=callbacks_of(callbacks),
        )
        write_stack(folder, replace(run, finished=True))
        return made


def _trained(
    stack: StackModel,
    spec: Any,
    folder: RunFolder | None,
    dtype: str,
    on_layer: OnLayer | None,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
) -> StackMachine:
    """All layers, one after another and then together, as the text says."""
    made = (
        _layer_after_layer(stack, spec, folder, dtype, on_layer, resume, overwrite, callbacks)
        if stack.checked.greedily
        else layers_at_start(stack, spec, dtype)
    )
    if stack.checked.jointly:
        made = fit_jointly(stack, made, spec, folder, on_layer, callbacks)
    return StackMachine(stack.name, tuple(made))


def _layer_after_layer(
    stack: StackModel,
    spec: Any,
    folder: RunFolder | None,
    dtype: str,
    on_layer: OnLayer | None,
    resume: bool,
    overwrite: bool,
    callbacks: Sequence[Callback],
) -> list[Trained]:
    made: list[Trained] = []
    ready: dict[str, Arrays] = {}
    folders = file_names(x.name for x in stack.layers)
    for layer in stack.layers:
        given, model, machine = _begun(layer, made, ready, spec, dtype)
        own = None if folder is None else folder.path / folders[layer.name]
        outcome = fit(
            model,
            machine,
            given,
            own,
            resume=resume and own is not None and _is_begun(own, folder),
            prepared=layer.below is not None,
            overwrite=overwrite,
            stack="" if folder is None else folder.run,
            callbacks=callbacks,
        )
        made.append(Trained(layer.name, layer.below, layer.group, machine))
        ready[layer.name] = outcome.data
        if on_layer is not None:
            on_layer(layer.name, outcome)
        if outcome.run.interrupted:
            raise Stopped(outcome.run.signal, whole=True)
    return made


def _is_begun(layer: Path, stack: RunFolder | None) -> bool:
    """Whether a layer's folder has a checkpoint to go on from.

    Raises BM841 if it is of another run than the stack's.
    """
    found = RunFolder(layer, {}).checkpoint() if layer.is_dir() else None
    if found is not None and stack is not None and found.metadata.get(RUN) != stack.run:
        raise fail(
            "BM841",
            f"`{found.path}` is of another run than `{stack.path / STACK}`",
            help=f"move `{layer}` away to train that layer anew",
        )
    return found is not None


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
