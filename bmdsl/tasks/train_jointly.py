"""Layers of a stack trained all at once, with their run folders: `train { jointly }`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..data.finding import image_shapes
from ..files import file_names
from ..language.diagnostics import fail
from ..language.model import Choice, Training
from ..language.outside import stored_edges
from ..runs.identity import identity
from ..runs.provenance import provenance
from ..runs.run_folder import RunFolder
from ..runtime.interrupts import Stopped
from ..stacks.joint import JointMachine, Trained, reconstruct
from ..stacks.stack_model import StackModel
from ..training.callbacks import Given
from .train import PICTURED
from .training_data import ready_cases, some_whole
from .training_outcome import Outcome

OBJECTIVE = "contrastive_free_energy"
OnLayer = Callable[[str, Outcome], None]


def fit_jointly(
    stack: StackModel,
    layers: Sequence[Trained],
    spec: Any,
    folder: RunFolder | None,
    on_layer: OnLayer | None = None,
    callbacks: Sequence[Given] = (),
) -> list[Trained]:
    """Trains in place by the stack's own train block: optimizer, schedule, batch, epochs and the
    like. The first layer's transform makes the data.

    With a `folder`, it holds checkpoints, which are gone on from, metrics, curves and
    reconstructions of the whole stack, and a run folder a layer. BmError BM864 for another
    objective than the contrastive free energy.
    """
    from ..training.cases import Cases
    from ..training.loop import train

    arrays, ready = ready_cases(layers[0].machine, spec)
    machine = JointMachine(stack.name, layers)
    training, started = joint_training(stack), time.monotonic()
    begun = False
    if folder is not None:
        folder.metadata |= {"source": stack.text, "stack": folder.run}
        begun = folder.checkpoint() is not None
    run = train(machine, ready, training, folder, resume=begun, callbacks=callbacks)  # type: ignore[arg-type]  # it has what this objective asks for
    if run.interrupted:
        raise Stopped(run.signal, whole=True)
    trained = Cases.of(ready, None).split(
        joint_training(stack).validate, joint_training(stack).seed
    )[0]
    outcome = Outcome(layers[0].machine, run, ready, time.monotonic() - started, (), trained)
    if folder is not None:
        _write(stack, layers, folder, spec, arrays, run.metrics, ready)
    if on_layer is not None:
        on_layer(stack.name, outcome)
    return list(layers)


def joint_training(stack: StackModel) -> Training:
    """The stack's own train block, with the objective that layers are trained jointly by.

    Raises BM864 for another objective.
    """
    made = stack.checked.training
    if made.objective is None:
        made = replace(
            made,
            objective=Choice(
                OBJECTIVE, (("through_reconstruction", False), ("base_measure", True))
            ),
        )
    elif made.objective.name != OBJECTIVE:
        raise fail(
            "BM864",
            f"layers are trained jointly by `objective {OBJECTIVE}`, not by"
            f" `{made.objective.name}`",
            made.objective.span,
        )
    return made


def _write(
    stack: StackModel,
    layers: Sequence[Trained],
    whole: RunFolder,
    spec: Any,
    arrays: dict[str, np.ndarray],
    metrics: Any,
    ready: dict[str, np.ndarray],
) -> None:
    """A run folder a layer, as greedy training leaves it; curves and reconstructions of
    the whole.
    """
    from ..report.plots import curves, pairs

    out = whole.path
    folders, images = (
        file_names(x.name for x in layers),
        image_shapes(arrays, layers[0].machine.model),
    )
    for layer, known in zip(layers, stack.layers, strict=True):
        fed = layer.below is not None
        shown = {} if fed else images
        source = provenance("" if fed else getattr(spec, "spec", spec), {} if fed else arrays)
        metadata = {
            **known.model.bind(None, **_lengths(layer)).metadata(layer.machine),
            **source,
            "images": json.dumps(shown),
            **identity(layer.machine.model, whole.run),
            "stack": whole.run,
        }
        folder = RunFolder(out / folders[layer.name], metadata, layer.machine.preparation.arrays())
        folder.prepare()
        folder.write_params(
            {**layer.machine.params, **stored_edges(layer.machine.model)},
            {"updates": metrics[-1]["update"] if metrics else 0},
        )
    if metrics:
        curves(metrics, out / "curves.png")
    visible = layers[0].machine.visible[0]
    if visible in images:
        some = some_whole(ready, PICTURED)
        above, below = (
            layers[0].machine.preparation.outward(visible, x)
            for x in (some[visible], reconstruct(layers, some))
        )
        pairs(
            above,
            below,
            images[visible],
            out / "reconstructions.png",
            f"{stack.name}: data above their reconstructions",
            12,
        )


def _lengths(layer: Trained) -> dict[str, float]:
    """The arguments that the layer's machine was made with."""
    return {a.name: a.value for a in layer.machine.model.arguments if a.value is not None}
