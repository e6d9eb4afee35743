"""Training that goes on from a run's checkpoint: what `bm resume` does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.finding import find
from ..data.weights import Weights
from ..language.diagnostics import fail
from ..runs.identity import CASES, verify_same_model, verify_same_seed, verify_same_settings
from ..runs.opening import model_of, open_checkpoint
from ..runs.provenance import (
    SHARDS,
    differs,
    is_same,
    recorded,
    require_place,
    run_weights,
    say_differs,
    verify_weights,
)
from ..runs.run_folder import RunFolder
from ..stacks.folder import is_stack, layer_folders
from .train import fit
from .training_outcome import Outcome

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..model import Model
    from ..training.callbacks import Given


def resume(
    folder: Path,
    settings: Mapping[str, Any],
    data: Any = None,
    weights: Weights = None,
    callbacks: Sequence[Given] = (),
) -> Outcome:
    """Goes on from a run's checkpoint; `settings` replace some of its train block.

    `data` and `weights` say where those that it had are now. Raises BM839 for a layer of a stack,
    which is gone on with as a whole.
    """
    run = RunFolder(folder, {})
    if not folder.is_dir():
        run.read_state()
    with run:
        opened = open_checkpoint(run)
        _refuse_layer(folder, opened.metadata)
        model = opened.model.bind(dict(settings)) if settings else opened.model
        return _go_on(
            model, opened.machine, data, run, opened.metadata, weights, callbacks=callbacks
        )


def go_on(
    model: Model,
    machine: Machine,
    data: Any,
    folder: Path,
    weights: Weights = None,
    progress: bool | None = None,
    chosen: Collection[str] = (),
    callbacks: Sequence[Given] = (),
) -> Outcome:
    """Trains a machine of the user's on from the checkpoint in `folder`, on the run's own data, or
    on `data`: warned of where they are others.

    Raises BM832 if the run's model is another, BM833 if a setting is that is not `chosen` here.
    """
    run = RunFolder(folder, {})
    if not folder.is_dir():
        run.read_state()
    with run:
        found = run.checkpoint()
        facts = found.metadata if found is not None else {}
        _refuse_layer(folder, facts)
        before = model_of(found) if found is not None else None
        if before is not None:
            verify_same_model(before.checked, model.checked, folder)
            verify_same_settings(before.checked.training, model.checked.training, chosen, folder)
            verify_same_seed(facts, machine.seed, str(machine.dtype), folder)
        return _go_on(model, machine, data, run, facts, weights, progress, callbacks)


def _go_on(
    model: Model,
    machine: Machine,
    data: Any,
    run: RunFolder,
    facts: Mapping[str, str],
    weights: Weights = None,
    progress: bool | None = None,
    callbacks: Sequence[Given] = (),
) -> Outcome:
    """Trains on from the checkpoint in a folder that is locked.

    Raises BM783 where the run's own data are no longer there, BM785 where they have changed and are
    not named, BM941 without its case weights.
    """
    folder = run.path
    if CASES not in facts:
        facts = recorded(folder)
    spec = data if data is not None else require_place(facts, folder, "resume")
    streamed = "always" if SHARDS in facts else "never"
    found = find(spec, model.checked, code=machine.preparation.code, streamed=streamed)
    arrays = found.shards or found.arrays
    if is_same(facts, spec, arrays) is False:
        if data is None:
            raise differs(
                facts,
                spec,
                arrays,
                f"name it to go on with it as it is now: `bm resume {folder} {spec}`",
            )
        say_differs(facts, spec, arrays, "training goes on with it")
    chosen = run_weights(facts, folder, "resume") if weights is None else weights
    if chosen is not None:
        verify_weights(facts, chosen, named=weights is not None)
    return fit(
        model, machine, found, run, chosen, resume=True, progress=progress, callbacks=callbacks
    )


def _refuse_layer(folder: Path, facts: Mapping[str, str]) -> None:
    """Raises BM839 for a layer's folder: alone, it would part from the layers above it."""
    listed = is_stack(folder.parent) and folder in layer_folders(folder.parent)
    if facts.get("stack") or listed:
        raise fail(
            "BM839",
            f"`{folder}` is a layer of the stack `{folder.parent}`",
            help=f"`bm resume {folder.parent}` goes on with the whole stack",
        )
