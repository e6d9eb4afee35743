"""From data as a user has it to a training run, handed to the loop and then pictured: what `bm
train` does.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.arrays import verify_fits
from ..data.finding import Arrays, find, flatten, image_shapes
from ..data.plain_tables import column_notices
from ..data.preparing import Preparation, prepare
from ..data.weights import Weights, load_weights
from ..language.decoding import json_of
from ..language.diagnostics import fail
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
from ..runtime import gate
from .streaming import start_from, streamed_cases, survey_facts

if TYPE_CHECKING:
    from ..inference.baselines import Baseline
    from ..inference.figures import Figures
    from ..inference.machine import Machine
    from ..model import Model
    from ..training.callbacks import Given
    from ..training.cases import Cases
    from ..training.outcome import Run
    from ..training.streamed_cases import StreamedCases

PICTURED = 24
"""Cases whose reconstructions are drawn."""


def ready_cases(machine: Machine, spec: Any) -> tuple[Arrays, Arrays]:
    """A machine's data as they are read, and shaped, transformed and checked; every case is whole.

    The machine keeps what transforms learned.
    """
    model = machine.model
    kept = _kept(machine, model)
    found = find(_named(spec, model), model, code=None if kept is None else kept.code)
    ready, machine.preparation = prepare(
        flatten(found.arrays, model),
        model,
        found.source,
        model.training.seed,
        False,
        kept,
        code=found.code,
    )
    return found.arrays, ready


def _kept(machine: Machine, model: CheckedModel) -> Preparation | None:
    """What the machine's parameters were trained with, if it is of this model's transforms."""
    made: Preparation | None = machine.preparation
    return made if made is not None and made.serves(model) else None


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
    from ..report.plots import load_library
    from ..report.run_pictures import write_pictures
    from ..report.subject import Subject
    from ..training.callbacks import callbacks_of
    from ..training.cases import Cases
    from ..training.loop import train
    from ..training.streamed_cases import StreamedCases

    watching = callbacks_of(callbacks)
    checked = model.checked
    kept = _kept(machine, checked)
    found = find(
        _named(data, checked),
        checked,
        code=None if kept is None else kept.code,
        streamed="never" if prepared else checked.training.streaming.name,
    )
    arrays, source, spec = found.arrays, found.source, found.spec
    if not (resume or prepared):
        for notice in column_notices(spec, checked):
            warnings.warn(notice, stacklevel=3)
    told: dict[str, str] = {}
    """For the run's files alone."""
    if folder is not None:
        told = provenance(spec, {} if prepared else found.shards or arrays, weights)
    ready: Arrays | StreamedCases
    begin: Cases | StreamedCases
    given = None
    if found.shards is not None:
        gate.verify_parameters(machine.params)
        before = folder.checkpoint() if folder is not None and resume else None
        facts = {} if before is None else before.metadata
        ready = begin = streamed_cases(found, machine, checked, weights, kept, facts, progress)
        told |= survey_facts(begin)
        if not resume:
            start_from(machine, begin)
    else:
        if weights is not None:
            given = load_weights(weights, len(next(iter(arrays.values()))))
        if given is not None and not given.all():  # a case of weight 0 is as good as not there
            arrays, given = {n: x[given > 0] for n, x in arrays.items()}, given[given > 0]
        if prepared:
            ready, machine.preparation = arrays, Preparation(checked, {}, fed=True)
        else:
            ready, machine.preparation = prepare(
                flatten(arrays, checked),
                checked,
                source,
                checked.training.seed,
                kept=kept,
                weights=given,
                code=found.code,
            )
        for name, x in ready.items():
            verify_fits(x, machine.dtype, f"data for `{name}` from {source}")
        gate.verify_parameters(machine.params)
        begin = Cases.of(ready, given).split(checked.training.validate, checked.training.seed)[0]
        if not resume:
            machine.start_from(begin.data, None if given is None else begin.weights)
    shapes = {} if prepared or found.table is not None else image_shapes(arrays, checked)
    images = json.dumps(shapes)
    earlier = made_before(folder.path) if folder is not None and resume else None
    made = None if folder is None else making(label or Label(), earlier)
    if folder is not None:
        if not resume and world().leads:
            verify_vacant(folder.path, overwrite)  # again: another one may have ended since
            clear(folder.path)
        run_id = _run_id(folder, resume, stack)

        def describe() -> None:
            folder.metadata = {
                **model.metadata(machine),
                **told,
                "images": images,
                **identity(checked, run_id),
                **({"stack": stack} if stack else {}),
            }
            folder.attached = machine.preparation.arrays()

        describe()
    if folder is not None and resume:
        _as_pretraining_left(machine, folder)
    if checked.training.pretrain is not None and not machine.pretrained:
        resume = False  # the checkpoint is what pretraining began from
        if folder is not None:
            folder.prepare()
            folder.start_metrics(False)
            begun = {f"params/{n}": x for n, x in machine.params.items()}
            folder.write_state(begun, {"updates": 0}, stored_edges(checked))
        word = discover("bmdsl.training.pretrain")[checked.training.pretrain.name]
        word.pretrain(
            machine,
            checked.training.pretrain,
            begin.in_memory("`pretrain`") if isinstance(begin, StreamedCases) else begin.data,
            progress,
            begin.weights,
            None if folder is None else folder.path / PRETRAINING,
        )
        machine.pretrained = True
    if folder is not None:
        describe()
    if folder is not None and world().leads:
        load_library()
    started = time.monotonic()
    run = train(
        machine,
        ready,
        checked.training,
        folder,
        given,
        metadata=model.metadata(machine) if folder is None and watching else None,
        resume=resume,
        progress=progress,
        callbacks=watching,
        made=made,
    )
    ready_arrays = {} if isinstance(ready, StreamedCases) else ready
    if folder is not None and world().leads:
        clear_pretraining(folder.path)
    seconds = time.monotonic() - started
    pictures: tuple[Path, ...] = ()
    if run.out is not None and not run.interrupted and world().leads:
        with standing_as(Alone()):
            pictures = write_pictures(
                Subject(
                    machine,
                    shapes,
                    run.metrics,
                    run.chains,
                    begin.whole_spread(PICTURED).data
                    if isinstance(ready, StreamedCases)
                    else some_whole(ready, PICTURED),
                    {} if found.table is None else ready_arrays,
                ),
                run.out,
            )
    outcome = Outcome(machine, run, ready_arrays, seconds, pictures, begin)
    run.told, run.doubted = outcome.rows, lambda: outcome.doubt
    run.images = shapes
    return outcome


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
        _named(data, model.checked), model.checked, streamed=model.checked.training.streaming.name
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


def some_whole(data: Arrays, most: int) -> Arrays:
    """At most so many cases without missing values, spread over all."""
    from ..training.cases import Cases

    return Cases.of(data, None).whole().spread(most).data


def _named(data: Any, checked: CheckedModel) -> Any:
    spec = data if data is not None else checked.training.data
    if spec is None:
        raise fail(
            "BM873",
            f"no data to train `{checked.name}` on",
            help="name a set or a file: `bm train FILE digits`",
        )
    return spec


@dataclass(frozen=True)
class Outcome:
    """A finished training: the run, its data, how long it took, and the pictures in the run
    folder.
    """

    machine: Machine
    run: Run
    data: Arrays
    """The prepared data; none where they are a stream."""
    seconds: float
    pictures: tuple[Path, ...]
    trained: Cases | StreamedCases | None = None
    """The data less those held out, with their weights; None: all, of equal weight."""

    @cached_property
    def figures(self) -> Figures:
        """Measured on at most 2,000 of the training cases, spread over all of them."""
        from ..inference.figures import figures

        with standing_as(Alone()):  # one rank may ask for them alone
            return figures(self.machine, self._measured.data, "train", self._measured.weights)

    @cached_property
    def _measured(self) -> Cases:
        from ..training.cases import Cases

        with standing_as(Alone()):
            cases = Cases.of(self.data, None) if self.trained is None else self.trained
            return cases.spread(2000)

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """Simple models of the same cases, those without missing values."""
        from ..inference.baselines import baselines

        return baselines(self.machine, self._measured.whole().data)

    @cached_property
    def doubt(self) -> str:
        """One sentence if a simple model describes the cases better; else empty."""
        from ..inference.baselines import verdict

        return verdict(self.figures.log_likelihood, self.baselines)

    @property
    def health(self) -> str:
        """What the monitors minded last, after what the baselines say; empty where nothing has
        looked.
        """
        if self.run.interrupted:  # who stopped it waits for the end
            return str(self.run.health)
        from ..training.health import WELL

        worse, line = self.doubt, self.run.health
        return "; ".join(x for x in (worse, "" if worse and line == WELL else line) if x)

    def rows(self) -> list[tuple[str, ...]]:
        """Names and values of what a user wants to know at the end."""
        run = self.run
        epochs = run.metrics[-1]["epoch"] if run.metrics else 0
        how = "" if run.stopped == "done" else f" ({run.stopped})"
        from ..inference.figures import LIKELIHOOD

        rows: list[tuple[str, ...]] = [
            ("trained", f"{epochs} epochs, {run.updates:,} updates in {self.seconds:.1f} s{how}")
        ]
        if run.best_score is not None:
            rows.append(("validation", f"{run.best_score:.5g} at update {run.best_update:,}"))
        rows += [("health", self.health)] if self.health else []
        if not run.interrupted:
            for row in self.figures.rows()[1:]:  # without the number of cases
                rows.append(row)
                if row[0] == LIKELIHOOD:
                    rows += [
                        (f"  of {x.name}", f"{x.log_likelihood:.5g} nats") for x in self.baselines
                    ]
        notes = run.notes if run.interrupted else (*run.notes, *self.figures.notes)
        rows += [("note", note) for note in notes]
        rows += [("pictures" if k == 0 else "", str(p)) for k, p in enumerate(self.pictures)]
        if run.out is not None:
            rows.append(("run folder", str(run.out)))
            if run.interrupted:
                rows.append(("go on with", f"bm resume {run.out}"))
        return rows

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        run = self.run
        return {
            "out": str(run.out),
            "stopped": run.stopped,
            "updates": run.updates,
            "seconds": round(self.seconds, 3),
            "metrics": run.metrics[-1] if run.metrics else {},
            "figures": {} if run.interrupted else self.figures.as_dict(),
            "health": self.health,
            "baselines": {
                x.name: x.log_likelihood for x in (() if run.interrupted else self.baselines)
            },
            "pictures": [str(p) for p in self.pictures],
        }


def bound(model: Model, data: Any) -> Model:
    """The model with its open lengths taken from the data (None: the train block's own)."""
    spec = data if data is not None else model.checked.training.data
    if spec is None or not model.checked.unbound:
        return model
    found = find(spec, model.checked, streamed=model.checked.training.streaming.name)
    shapes = {n: x.shape for n, x in flatten(found.arrays, model.checked).items()}
    of_states = {
        n: (*shapes[n], k)
        for n, k in found.alphabets.items()
        if len(shapes[n]) == len(model.checked.group(n).axes)
    }
    made = model.bind_data(shapes | of_states)
    if made.checked.unbound:
        names, first = ", ".join(f"`{n}`" for n in made.checked.unbound), made.checked.unbound[0]
        seen = ", ".join(
            f"`{n}` has shape (cases, {', '.join(map(str, x[1:]))})" for n, x in shapes.items()
        )
        raise fail(
            "BM865",
            f"model `{model.name}` needs a value for {names}, which the data do not give: {seen}",
            help=f"`-D {first}=...` on the command line, `{first} = ...` in Python",
        )
    return made
