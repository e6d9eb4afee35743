"""A run and its cases, prepared as those that it was trained on: what evaluating, inferring,
probing and reporting begin with.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np

from ..data.finding import find, flatten, read
from ..data.load import load
from ..data.preparing import Preparation, learning, prepare
from ..data.split import split_rows
from ..data.streams.reader import ShardReader
from ..data.streams.source import ShardSource
from ..data.streams.view import ShardColumn, ShardView, sample_size
from ..data.table_files import is_table
from ..data.weights import Weights, load_weights
from ..inference.machine import Machine
from ..language.diagnostics import BmError, BmWarning, Diagnostic, fail
from ..registry import discover
from ..runs.opening import holds_a_stack, open_run
from ..runs.provenance import (
    SHARDS,
    absolute,
    is_same,
    recorded,
    require_place,
    run_weights,
    say_differs,
)
from ..stacks.folder import is_stack, layer_folders, open_stack
from .tables import MachineTable, machine_table, rows_of_part

if TYPE_CHECKING:
    from ..stacks.stack_machine import StackMachine

Arrays = dict[str, Any]
"""Group → an array, or a column of a stream, which is read where it is sliced."""
HELD = "validation"
"""The part of a run's data that `validate` held out of its training."""


class Ready(NamedTuple):
    """Prepared cases of one part of the data, their weights (None: all the same), and what is to be
    said of them.
    """

    name: str
    data: Arrays
    weights: np.ndarray | None = None
    note: str = ""
    rows: np.ndarray | None = None
    """Their places among all cases of the data; None: they are all."""


Reading = Literal["whole", "streamed", "sampled"]
"""Large data: all in memory, arrays that are read where they are sliced, or some of the cases."""


def ready_parts(
    folder: Path,
    data: str | None,
    parts: Sequence[str] | None,
    weights: Path | None = None,
    reading: Reading = "whole",
) -> tuple[Subject, list[Ready]]:
    """A run, and the prepared cases of every part of the data.

    Cases that `validate` held out of training are the part `validation`.

    Raises BM942 where there is no such part, BM726 for data that do not fit into memory and are to
    be there as a `whole`.
    """
    run = opened(folder)
    spec = _spec(run, folder, data)
    known, made = _parts(spec), list[Ready]()
    for part in (
        known if parts is None else dict.fromkeys("train" if p == HELD else p for p in parts)
    ):
        cases, same = _read(run, spec, part, reading)
        one = _weighed(
            run, folder, Ready(part if len(known) > 1 else Path(spec).name, cases), weights, same
        )
        halves = _split(run, one) if same else [one]
        if len(halves) == 1 and part == "train" and HELD in (parts or ()):
            raise fail(
                "BM942",
                f"no cases of `{spec}` were held out of this run's training",
                help="`validate 0.1` in the train block holds some out",
            )
        chosen = (
            halves if parts is None or len(halves) == 1 else [r for r in halves if r.name in parts]
        )
        made += [_as_read(r, reading) for r in chosen]
    return run, made


def _weighed(run: Subject, folder: Path, part: Ready, weights: Path | None, same: bool) -> Ready:
    """With the weights of the file, or those that the run was trained with."""
    note, chosen = "", cast(Weights, weights)
    if weights is None and same:
        try:
            chosen = run_weights(run.facts, folder, "eval")
        except BmError as error:
            note = f"{error.diagnostics[0].message}: every case counts the same"
    values = None if chosen is None else load_weights(chosen, len(next(iter(part.data.values()))))
    return part._replace(weights=values, note=note)


def _split(run: Subject, part: Ready) -> list[Ready]:
    """The training cases and those that were held out of them, as training drew them: cases of
    weight 0 were not there.
    """
    training = run.machine.model.training
    first = next(iter(part.data.values()))
    if isinstance(first, ShardColumn):
        return _split_stream(first.view.reader, part)
    there = (
        np.arange(len(next(iter(part.data.values()))))
        if part.weights is None
        else np.flatnonzero(part.weights)
    )
    rows, held = (there[k] for k in split_rows(len(there), training.validate, training.seed))
    if not len(held):
        return [part]

    def taken(name: str, k: np.ndarray) -> Ready:
        return Ready(
            name,
            {n: x[k] for n, x in part.data.items()},
            None if part.weights is None else part.weights[k],
            part.note,
            k,
        )

    return [taken("train", rows), taken(HELD, held)]


def _split_stream(reader: ShardReader, part: Ready) -> list[Ready]:
    """The same of cases that are read where they are sliced."""
    weighed = replace(reader, weights=part.weights)
    views = {part.name: ShardView(weighed, "train"), HELD: ShardView(weighed, "held")}
    if not len(views[HELD]):
        return [part]
    names = "train", HELD
    return [
        Ready(name, dict(v.columns), v.weights, part.note)
        for name, v in zip(names, views.values(), strict=True)
    ]


def _as_read(part: Ready, reading: Reading) -> Ready:
    """Cases of a stream as they are to be read."""
    first = next(iter(part.data.values()))
    if not isinstance(first, ShardColumn) or reading == "streamed":
        return part
    view = first.view
    if reading == "whole":
        return part._replace(
            data={n: np.asarray(x) for n, x in part.data.items()}, rows=view.places()
        )
    rows = view.some(sample_size(view))
    note = f"figures of {part.name} are those of {len(rows):,} of {len(view):,} cases"
    return part._replace(
        data=view.take(rows),
        weights=None if part.weights is None else part.weights[rows],
        note="; ".join(x for x in (part.note, note * (len(rows) < len(view))) if x),
    )


def _column(x: np.ndarray) -> np.ndarray:
    """A file of one column as numbers in a row: so `.csv` files have one number a case."""
    return x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x


def labelled(
    folder: Path, data: str | None, labels: str | None
) -> tuple[Subject, list[tuple[dict[str, np.ndarray], np.ndarray]]]:
    """A run, and for every part of the data its prepared cases with their labels, from the file
    `labels` where one is named.

    BmError BM928 where there are none, or not as many as cases.
    """
    run = opened(folder)
    spec, out = _spec(run, folder, data), []
    for part in (
        p for p in _parts(spec) if p != "valid"
    ):  # a probe keeps validation cases of its own
        answers = _column(load(labels).values) if labels else load(spec, part).labels
        ready = _ready(run, spec, part)
        count = len(next(iter(ready.values())))
        if answers is None or np.shape(answers) != (count,):
            what = (
                "has no labels"
                if answers is None
                else f"has {count:,} cases, the labels have the shape {np.shape(answers)}"
            )
            raise fail(
                "BM928",
                f"`{spec}` {what}",
                help="name a file with one number a case: `--labels labels.npy`",
            )
        out.append((ready, np.asarray(answers)))
    return run, out


@dataclass(frozen=True)
class Subject:
    """What is judged: a machine or a stack of them, and the set or file it was trained on."""

    machine: Machine | StackMachine
    data: str
    images: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Group → the shape its cases have as pictures."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the run says of its making."""


def one_machine(run: Subject, folder: Path) -> Machine:
    """The run's machine; BmError BM916 where the folder holds a stack of them."""
    if not isinstance(run.machine, Machine):
        raise holds_a_stack(folder, run.machine.layers[0].name)
    return run.machine


def opened(folder: Path) -> Subject:
    """The machine of a run's folder, or the stack of one."""
    if is_stack(folder):
        return Subject(*open_stack(folder), facts=recorded(layer_folders(folder)[0]))
    run = open_run(folder)
    return Subject(run.machine, run.data, run.images, run.metadata)


def last_part(
    folder: Path, data: str | None, part: str | None, reading: Reading = "whole"
) -> tuple[Subject, str, Arrays]:
    """A run, and the prepared cases of one part of the data with its name.

    None: the last that the set has, none of its cases apart.
    """
    if part in ("train", HELD):
        run, ready = ready_parts(folder, data, [part], reading=reading)
        return run, ready[0].name, ready[0].data
    run = opened(folder)
    spec = _spec(run, folder, data)
    chosen = part or _parts(spec)[-1]
    return (
        run,
        chosen if len(_parts(spec)) > 1 else Path(spec).name,
        _ready(run, spec, chosen, reading),
    )


def run_table(
    folder: Path, data: str | None, part: str | None, lacking: str | None = None
) -> tuple[Subject, MachineTable] | None:
    """A run whose data are a table, and one part of its rows; None of any other run or data.

    `lacking`: a column that the table need not have.
    """
    run = opened(folder)
    spec = _spec(run, folder, data)
    if not isinstance(run.machine, Machine) or run.machine.preparation.code is None:
        return None
    if not is_table(spec):
        return None
    found = machine_table(run.machine, spec, lacking)
    if part in ("train", HELD):
        rows = ready_parts(folder, data, [part])[1][0].rows
        found = found if rows is None else rows_of_part(found, rows)
    return run, found


def _spec(run: Subject, folder: Path, data: str | None) -> str:
    noted = {"data": run.data} if run.data else {}
    return absolute(data) if data else require_place({**run.facts, **noted}, folder, "eval")


def _ready(run: Subject, spec: str, part: str, reading: Reading = "whole") -> Arrays:
    """A part of the data, transformed and checked as the training cases were."""
    found = _read(run, spec, part, reading)[0]
    return _as_read(Ready(part, found), reading).data


def _read(run: Subject, spec: str, part: str, reading: Reading) -> tuple[Arrays, bool]:
    """The same, and whether these are the cases that the run was trained on; of a stream, arrays
    that are read where they are sliced.
    """
    checked, kept = run.machine.model, run.machine.preparation
    if spec == run.data:  # as they were trained on
        streamed = "always" if SHARDS in run.facts else "never"
    else:
        lazily = reading != "whole" and isinstance(run.machine, Machine)
        streamed = "auto" if lazily else "never"
    found = find(spec, checked, part, kept.code, streamed)
    if found.shards is not None:
        return _streamed(run, spec, found.shards)
    arrays, source = found.arrays, found.source
    same = is_same(run.facts, spec, arrays) if part == "train" else False
    if same is False and spec == run.data and part == "train":
        say_differs(run.facts, spec, arrays, "its cases are taken as they are now")
    if kept.groups is None:  # the run was written before statistics were kept
        kept = _learned_again(run, spec, part)
    ready = prepare(
        flatten(arrays, checked), checked, source, checked.training.seed, kept=kept
    ).arrays
    return ready, spec == run.data if same is None else same


def _streamed(run: Subject, spec: str, source: ShardSource) -> tuple[Arrays, bool]:
    """All cases of a stream; their values are looked at where they are others than the run's."""
    machine = cast(Machine, run.machine)  # a stack is trained on whole data
    same = is_same(run.facts, spec, source)
    if same is False and spec == run.data:
        say_differs(run.facts, spec, source, "its cases are taken as they are now")
    reader = ShardReader.of(source, machine.model, machine.preparation, machine.dtype)
    view = ShardView(reader, "all", verify=not same)
    return dict(view.columns), spec == run.data if same is None else same


def _learned_again(run: Subject, spec: str, part: str) -> Preparation:
    """What transforms learn from the training cases as they are now; from `spec` itself, with a
    warning, where nobody knows them.
    """

    checked = run.machine.model
    if not run.data:
        names = ", ".join(f"`{name}`" for name in learning(checked))
        warnings.warn(
            BmWarning(
                Diagnostic(
                    "BM782",
                    f"{names}: the run holds no statistics of its training cases, those of `{spec}`"
                    " are taken",
                    None,
                    level="warning",
                    helps=("train again: a run keeps them now",),
                )
            ),
            stacklevel=2,
        )
    arrays, source = read(run.data or spec, checked, "train" if run.data else part)
    return prepare(flatten(arrays, checked), checked, source, checked.training.seed).preparation


def _parts(spec: str) -> tuple[str, ...]:

    known = discover("bmdsl.data.sets")
    return tuple(known[spec].PARTS) if spec in known else ("train",)
