"""Training that goes on from a run's checkpoint: what `bm resume` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.finding import find
from ..data.weights import Weights
from ..runs.opening import open_run
from ..runs.provenance import (
    differs,
    is_same,
    recorded,
    require_place,
    run_weights,
    say_differs,
    verify_weights,
)
from .train import Outcome, fit

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

    `data` and `weights` say where those that it had are now.
    """
    opened = open_run(folder)
    return go_on(
        opened.model.bind(dict(settings)) if settings else opened.model,
        opened.machine,
        data,
        folder,
        weights,
        callbacks=callbacks,
    )


def go_on(
    model: Model,
    machine: Machine,
    data: Any,
    folder: Path,
    weights: Weights = None,
    progress: bool | None = None,
    callbacks: Sequence[Given] = (),
) -> Outcome:
    """Trains on from the checkpoint in `folder`, on the run's own data, or on `data`: warned of
    where they are others.

    Raises BM783 where the run's own are no longer there, BM785 where they have changed and are not
    named, BM941 without its case weights.
    """
    facts = recorded(folder)
    spec = data if data is not None else require_place(facts, folder, "resume")
    found = find(spec, model.checked)
    arrays = found.arrays
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
        model,
        machine,
        found,
        folder,
        chosen,
        resume=True,
        progress=progress,
        callbacks=callbacks,
    )
