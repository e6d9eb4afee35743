"""From data as a user has it to a training run, handed to the loop and then pictured: what `bm
train` does.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.finding import Arrays, find, image_shapes
from ..data.plain_tables import column_notices
from ..data.weights import Weights
from ..language.decoding import json_of
from ..language.model import Model as CheckedModel
from ..language.outside import stored_edges
from ..ranks.interface import Alone
from ..ranks.world import standing_as, world
from ..registry import discover
from ..runs.earlier_run import clear, clear_pretraining, verify_vacant
from ..runs.identity import RUN, identity
from ..runs.making import Label, made_before, making
from ..runs.provenance import provenance
from ..runs.run_folder import PRETRAINING, RunFolder
from .streaming import start_from, survey_facts
from .training_data import Ready, bound, kept_preparation, named_data, ready_to_train, some_whole
from .training_outcome import Outcome

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..model import Model
    from ..training.callbacks import Given
    from ..training.outcome import Run

PICTURED = 24
"""Cases whose reconstructions are drawn."""


def fit(
    model: Model,
    machine: Machine,
    data: Any,
    out: Path | RunFolder | None,
    weights: Weights = None,
    resume: bool = False,
    progress: bool | None = None,
    prepared: bool = False,
    overwrite: bool = False,
    stack: str = "",
    callbacks: Sequence[Given] = (),
    label: Label | None = None,
) -> Outcome:
    """Trains `machine` by the model's train block on `data` (None: the block's own), from where it
    is. With `out`, the run folder ends with pictures.

    `prepared` data are taken as they are: arrays by group, hidden means of another machine. A layer
    of a `stack` has the id of its run. BmError BM796 if `out` holds a run already that is not to
    `overwrite`; what is then left of it is removed. BM831 if another training writes into it.
    """
    folder = RunFolder(out, {}) if isinstance(out, Path) else out
    if folder is None:
        return _fit(
            *(model, machine, data, None, weights, resume, progress, prepared, overwrite, stack),
            *(callbacks, label),
        )
    if not resume:
        world().from_first(lambda: verify_vacant(folder.path, overwrite))
    with folder:
        return _fit(
            *(model, machine, data, folder, weights, resume, progress, prepared, overwrite, stack),
            *(callbacks, label),
        )


def _fit(
    model: Model,
    machine: Machine,
    data: Any,
    folder: RunFolder | None,
    weights: Weights,
    resume: bool,
    progress: bool | None,
    prepared: bool,
    overwrite: bool,
    stack: str,
    callbacks: Sequence[Given],
    label: Label | None,
) -> Outcome:
    """`fit` in a folder that no other training writes into."""
    from ..training.callbacks import callbacks_of
    from ..training.loop import train
    from ..training.streamed_cases import StreamedCases

    watching = callbacks_of(callbacks)
    checked = model.checked
    kept = kept_preparation(machine, checked)
    found = find(
        named_data(data, checked),
        checked,
        code=None if kept is None else kept.code,
        streamed="never" if prepared else checked.training.streaming.name,
    )
    if not (resume or prepared):
        for notice in column_notices(found.spec, checked):
            warnings.warn(notice, stacklevel=3)
    told: dict[str, str] = {}
    """For the run's files alone."""
    if folder is not None:
        told = provenance(found.spec, {} if prepared else found.shards or found.arrays, weights)
    before = None
    if found.shards is not None and folder is not None and resume:
        before = folder.checkpoint()
    facts = {} if before is None else before.metadata
    ready = ready_to_train(machine, checked, found, weights, kept, prepared, facts, progress)
    if isinstance(ready.trained, StreamedCases):
        told |= survey_facts(ready.trained)
        if not resume:
            start_from(machine, ready.trained)
    elif not resume:
        machine.start_from(
            ready.trained.data, None if ready.weights is None else ready.trained.weights
        )
    shapes = {} if prepared or found.table is not None else image_shapes(ready.shown, checked)
    earlier = made_before(folder.path) if folder is not None and resume else None
    made = None if folder is None else making(label or Label(), earlier)
    if folder is not None:
        if not resume and world().leads:
            verify_vacant(folder.path, overwrite)  # again: another one may have ended since
            clear(folder.path)
        told |= {"images": json.dumps(shapes), **identity(checked, _run_id(folder, resume, stack))}
        told |= {"stack": stack} if stack else {}
        _describe(folder, model, machine, told)
        if resume:
            _as_pretraining_left(machine, folder)
    if checked.training.pretrain is not None and not machine.pretrained:
        resume = False  # the checkpoint is what pretraining began from
        _pretrain(machine, checked, ready, folder, progress)
    if folder is not None:
        _describe(folder, model, machine, told)
    started = time.monotonic()
    run = train(
        machine,
        ready.cases,
        checked.training,
        folder,
        ready.weights,
        metadata=model.metadata(machine) if folder is None and watching else None,
        resume=resume,
        progress=progress,
        callbacks=watching,
        made=made,
    )
    if folder is not None and world().leads:
        clear_pretraining(folder.path)
    seconds = time.monotonic() - started
    arrays = {} if isinstance(ready.cases, StreamedCases) else ready.cases
    pictures = _pictures(machine, ready, shapes, run, found.table is not None)
    outcome = Outcome(machine, run, arrays, seconds, pictures, ready.trained)
    run.told, run.doubted = outcome.rows, lambda: outcome.doubt
    run.images = shapes
    return outcome


def _describe(folder: RunFolder, model: Model, machine: Machine, told: Mapping[str, str]) -> None:
    """Tells the run's folder what its files say of the machine, as the machine is now."""
    folder.metadata = {**model.metadata(machine), **told}
    folder.attached = machine.preparation.arrays()


def _pretrain(
    machine: Machine,
    checked: CheckedModel,
    ready: Ready,
    folder: RunFolder | None,
    progress: bool | None,
) -> None:
    """Pretrains the machine; what it began from is the folder's checkpoint."""
    from ..training.streamed_cases import StreamedCases

    choice, trained = checked.training.pretrain, ready.trained
    assert choice is not None
    if folder is not None:
        folder.prepare()
        folder.start_metrics(False)
        begun = {f"params/{n}": x for n, x in machine.params.items()}
        folder.write_state(begun, {"updates": 0}, stored_edges(checked))
    discover("bmdsl.training.pretrain")[choice.name].pretrain(
        machine,
        choice,
        trained.in_memory("`pretrain`") if isinstance(trained, StreamedCases) else trained.data,
        progress,
        trained.weights,
        None if folder is None else folder.path / PRETRAINING,
    )
    machine.pretrained = True


def _pictures(
    machine: Machine, ready: Ready, shapes: dict[str, Any], run: Run, of_table: bool
) -> tuple[Path, ...]:
    """Draws a run that has ended into its folder; the files."""
    from ..report.run_pictures import write_pictures
    from ..report.subject import Subject
    from ..training.streamed_cases import StreamedCases

    if run.out is None or run.interrupted or not world().leads:
        return ()
    table: Arrays = {}
    with standing_as(Alone()):
        if isinstance(ready.cases, StreamedCases):
            shown = ready.trained.whole_spread(PICTURED).data
        else:
            shown = some_whole(ready.cases, PICTURED)
            table = ready.cases if of_table else {}
        return write_pictures(
            Subject(machine, shapes, run.metrics, run.chains, shown, table), run.out
        )


def _as_pretraining_left(machine: Machine, folder: RunFolder) -> None:
    """Tells the machine whether the run's pretraining is done; if not, its parameters are those
    that pretraining begins from.
    """
    found = folder.checkpoint()
    if found is None:
        return
    machine.pretrained = bool(json_of(found.metadata.get("pretrained", "true")))
    if not machine.pretrained:
        for name in machine.params:
            machine.params[name] = found.arrays[f"params/{name}"]


def _run_id(folder: RunFolder, resume: bool, stack: str) -> str:
    """The id of a stack's run, of the one that goes on, or of a new one."""
    found = folder.checkpoint() if resume else None
    return stack or (found.metadata.get(RUN, "") if found else "") or folder.run


def start(
    model: Model,
    data: Any,
    out: Path | None,
    weights: Weights,
    dtype: str,
    memory_limit: int | None = None,
    overwrite: bool = False,
    callbacks: Sequence[Given] = (),
    label: Label | None = None,
) -> Outcome:
    """A new machine of the model, its open lengths taken from the data, trained.

    `memory_limit`: bytes (None: 80 % of the machine's).
    """
    if out is not None:
        world().from_first(lambda: verify_vacant(out, overwrite))
    from ..training.callbacks import callbacks_of

    watching = callbacks_of(callbacks)
    found = find(
        named_data(data, model.checked),
        model.checked,
        streamed=model.checked.training.streaming.name,
    )
    model = bound(model, found)
    machine = model.compile(model.checked.training.seed, dtype, memory_limit=memory_limit)
    return fit(
        model,
        machine,
        found,
        out,
        weights,
        overwrite=overwrite,
        callbacks=watching,
        label=label,
    )
