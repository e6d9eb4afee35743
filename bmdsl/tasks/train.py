"""From data as a user has it to a training run: shaped, transformed, checked, handed to the loop, then pictured."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isqrt, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import units
from ..data.arrays import real, verify_fits
from ..data.load import holds_several
from ..data.load import load as load_data
from ..data.preparing import Preparation, steps_of, transformed
from ..data.series import split_windows
from ..data.transform import Fitted, gives_means
from ..data.transform import fit as fit_transforms
from ..data.validate import as_one_hot, check_finite, check_values
from ..data.weights import load_weights
from ..data.windowing import windowed
from ..language.diagnostics import BmError, fail
from ..language.model import Group
from ..language.model import Model as CheckedModel
from ..registry import discover
from ..runs.earlier_run import clear, verify_vacant
from ..runs.provenance import differs, is_same, provenance, recorded, require_place, say_differs, verify_weights
from ..runtime import gate

if TYPE_CHECKING:
    from ..inference.baselines import Baseline
    from ..inference.machine import Machine
    from ..model import Model
    from ..training.cases import Cases
    from .eval import Figures

Arrays = dict[str, np.ndarray]
Weights = str | Path | np.ndarray | None
"""One number a case, or the file that holds them."""
PICTURED = 24
"""Cases whose reconstructions are drawn."""


@dataclass(frozen=True)
class Found:
    """Data as group → array, where they came from, and group → the size of the alphabet that its state numbers are of."""

    arrays: Arrays
    source: str
    alphabets: Mapping[str, int] = field(default_factory=dict)


def read(spec: Any, model: CheckedModel, part: str = "train") -> tuple[Arrays, str]:
    """Data as group → array, and where they came from: `find` without the alphabets."""
    found = find(spec, model, part)
    return found.arrays, found.source


def find(spec: Any, model: CheckedModel, part: str = "train") -> Found:
    """Data by group. `spec` is an array, a dict of arrays, a named set or a file.

    A model of several groups takes them from a file's arrays of those names; a set's labels go to its one-of-K unit. `FILE windows(T)` makes a past
    and a present of the series in a file.
    """
    source, states = "the array", None
    seen = [g for g in model.groups if g.role != "hidden"]
    if isinstance(spec, str | Path):
        path, frames = split_windows(str(spec))
        if frames is not None:
            return Found(windowed(path, frames, model, part), str(spec))
        if len(seen) > 1 and holds_several(str(spec)):
            return Found({g.name: load_data(f"{spec}:{g.name}", part).values for g in seen}, str(spec))
        dataset = load_data(str(spec), part)
        spec, source, states = dataset.values, dataset.source or dataset.name, dataset.states
        label = [g.name for g in seen if g.states is not None and len(g.axes) == 1]
        if dataset.labels is not None and len(seen) == 2 and len(label) == 1:
            return Found({g.name: dataset.labels if g.name in label else dataset.values for g in seen}, source)
    if isinstance(spec, Mapping):
        return Found({str(k): real(v, f"data for `{k}`") for k, v in spec.items()}, source)
    if len(seen) != 1:
        names = ", ".join(f"`{g.name}`" for g in seen)
        raise fail("BM871", f"model `{model.name}` takes data for {names}, one array was given",
                   help="give a dict with an array a group, or a file that holds arrays of these names")  # fmt: skip
    return Found({seen[0].name: real(spec, f"data for `{seen[0].name}`")}, source, {} if states is None else {seen[0].name: states})


def flatten(arrays: Arrays, model: CheckedModel) -> Arrays:
    """Cases of more axes than the group has (28×28 images for `v[784]`) are flattened; the order of entries stays.

    [784] goes into two axes, `v[28, 28]`.

    For a group of three axes, `v[C, Y, X]`, images get their colours first: [28, 28] and [784] as [1, 28, 28], [32, 32, 3] as [3, 32, 32].
    """
    out = {}
    for name, x in arrays.items():
        group = next((g for g in model.groups if g.name == name), None)
        if group is not None and len(group.shape) == 1 and group.states is None and x.ndim > 2:
            x = x.reshape(len(x), -1)
        elif group is not None and len(group.shape) == 2 and group.states is None and x.ndim == 2:
            x = _rows(x, group)
        elif group is not None and len(group.shape) == 3 and group.states is None:
            x = _colours_first(x)
        out[name] = x
    return out


def _rows(x: np.ndarray, group: Group) -> np.ndarray:
    known = [n for n in group.axes if isinstance(n, int)]
    if len(known) == 2:
        return x.reshape(len(x), *known) if prod(known) == x.shape[1] else x
    side = isqrt(x.shape[1])
    return x.reshape(len(x), side, side) if side > 1 and side * side == x.shape[1] else x


def _colours_first(x: np.ndarray) -> np.ndarray:
    side = isqrt(x.shape[1]) if x.ndim == 2 else 0
    if side > 1 and side * side == x.shape[1]:
        return x.reshape(len(x), 1, side, side)
    if x.ndim == 3:
        return x[:, None]
    return np.ascontiguousarray(np.moveaxis(x, 3, 1)) if x.ndim == 4 and x.shape[3] in (1, 3) and x.shape[1] not in (1, 3) else x


class Prepared(NamedTuple):
    """Data that a machine takes, and what was done to them."""

    arrays: Arrays
    preparation: Preparation


def prepare(arrays: Arrays, model: CheckedModel, source: str, seed: int, allow_missing: bool = True, kept: Preparation | None = None,
            weights: np.ndarray | None = None) -> Prepared:  # fmt: skip
    """Transformed and checked data of every visible and given group; BmError names file, row and column of what is wrong.

    Transforms learn from these cases, weighed by `weights`, unless `kept` has what they learned from others.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 1 << 32]))
    steps = steps_of(model)
    known = None if kept is None else kept.known()
    means = kept.fed if kept is not None and kept.fed else gives_means([name for name, _ in steps])
    out: Arrays = {}
    learned: dict[str, Fitted] = {}
    for group in model.groups:
        if group.role == "hidden":
            continue
        if group.name not in arrays:
            raise fail("BM872", f"no data for `{group.name}`", group.span)
        values = arrays[group.name]
        if group.name in transformed(model):
            if steps:
                check_finite(values, group.name, source)  # a transform might take an infinite value for a missing one
            if known is None:
                learned[group.name], values = fit_transforms(values, steps, generator, weights)
            elif group.name in known:
                learned[group.name] = known[group.name]
                values = known[group.name].apply(values, generator)
        missing = allow_missing and group.role == "visible"
        try:
            out[group.name] = _checked(values, group, source, missing, means and group.role == "visible")
        except BmError as error:
            if values is arrays[group.name]:
                raise
            raise _of_transform(error, group, model, arrays[group.name], source, missing) from None
    return Prepared(out, kept if kept is not None else Preparation(model, learned))


def _of_transform(error: BmError, group: Group, model: CheckedModel, before: np.ndarray, source: str, allow_missing: bool) -> BmError:
    """The error of transformed data; BM797 where they were states of their units before."""
    try:
        _checked(before, group, source, allow_missing, means=False)
    except BmError:
        return error
    names = ", ".join(c.name for c in model.training.transform)
    others = [g.name for g in model.groups if g.role == "visible" and g.states is None and g.name != group.name]
    way = "leave `transform` out: the data are states of their units already"
    if others:
        way = f"it is for every visible group; leave it out, and transform the data of {' and '.join(f'`{n}`' for n in others)} before you give them"
    return fail("BM797", f"`transform {names}` takes the data for `{group.name}` out of the domain of {group.unit} units", model.training.transform[0].span,
                help=way, note=error.diagnostics[0].message)  # fmt: skip


def _checked(values: np.ndarray, group: Group, source: str, allow_missing: bool, means: bool) -> np.ndarray:
    """The values, states of their units, or `means`: between a unit's lowest state and its highest."""
    unit = units.get(group.unit)
    shape = tuple(int(n) for n in group.axes)
    if unit.states is not None and values.shape[1:] == shape[:-1]:
        values = as_one_hot(values, shape[-1], group.name, source)
    arguments = tuple(float(v) for _, v in group.options)
    support = None if unit.states is not None else unit.support(*arguments)
    if means and support is not None:
        low, high = float(np.min(support)), float(np.max(support))
        check_values(values, shape, lambda x: (x >= low) & (x <= high), f"[{low:g}, {high:g}] of means", group.name, source, allow_missing)
    else:
        domain = unit.domain
        for option, value in group.options:
            domain = re.sub(rf"\b{option}\b", f"{value:g}", domain)
        check_values(values, shape, lambda x: unit.contains(x, *arguments), domain, group.name, source, allow_missing)
    return values


def ready_cases(machine: Machine, spec: Any) -> tuple[Arrays, Arrays]:
    """A machine's data as they are read, and shaped, transformed and checked; every case is whole. The machine keeps what transforms learned."""
    model = machine.model
    arrays, source = read(_named(spec, model), model)
    ready, machine.preparation = prepare(flatten(arrays, model), model, source, model.training.seed, False, _kept(machine, model))
    return arrays, ready


def _kept(machine: Machine, model: CheckedModel) -> Preparation | None:
    """What the machine's parameters were trained with, if it is of this model's transforms."""
    made: Preparation | None = machine.preparation
    return made if made is not None and made.serves(model) else None


def fit(model: Model, machine: Machine, data: Any, out: Path | None, weights: Weights = None, resume: bool = False,
        progress: bool | None = None, prepared: bool = False, overwrite: bool = False) -> Outcome:  # fmt: skip
    """Trains `machine` by the model's train block on `data` (None: the block's own), from where it is. With `out`, the run folder ends with pictures.

    `prepared` data are taken as they are: arrays by group, hidden means of another machine. BmError BM796 if `out` holds a run already that is not
    to `overwrite`; what is then left of it is removed.
    """
    if out is not None and not resume:
        verify_vacant(out, overwrite)
    from ..report.run_pictures import write_pictures
    from ..report.subject import Subject
    from ..training.cases import Cases
    from ..training.loop import train

    checked = model.checked
    spec = _named(data, checked)
    arrays, source = read(spec, checked)
    given = None if weights is None else load_weights(weights, len(next(iter(arrays.values()))))
    metadata = {} if out is None else provenance(spec, {} if prepared else arrays, weights)  # for the run's files alone
    if given is not None and not given.all():  # a case of weight 0 is as good as not there
        arrays, given = {n: x[given > 0] for n, x in arrays.items()}, given[given > 0]
    if prepared:
        ready, machine.preparation = arrays, Preparation(checked, {}, fed=True)
    else:
        kept = _kept(machine, checked)
        ready, machine.preparation = prepare(flatten(arrays, checked), checked, source, checked.training.seed, kept=kept, weights=given)
    for name, x in ready.items():
        verify_fits(x, machine.dtype, f"data for `{name}` from {source}")
    gate.verify_parameters(machine.params)
    begin = Cases.of(ready, given).split(checked.training.validate, checked.training.seed)[0]
    if not resume:
        machine.start_from(begin.data, None if given is None else begin.weights)
        if checked.training.pretrain is not None and not machine.pretrained:
            word = discover("bmdsl.training.pretrain")[checked.training.pretrain.name]
            word.pretrain(machine, checked.training.pretrain, begin.data, progress, begin.weights)
            machine.pretrained = True
    if out is not None and not resume:
        clear(out)
    images = {} if prepared else image_shapes(arrays, checked)
    metadata = {**model.metadata(machine), **metadata, "images": json.dumps(images)}
    started = time.monotonic()
    run = train(machine, ready, checked.training, out, given, metadata=metadata, resume=resume, progress=progress,
                attached=machine.preparation.arrays())
    seconds = time.monotonic() - started
    pictures: tuple[Path, ...] = ()
    if run.out is not None and not run.interrupted:
        pictures = write_pictures(Subject(machine, images, run.metrics, run.chains, some_whole(ready, PICTURED)), run.out)
    outcome = Outcome(machine, run, ready, seconds, pictures, begin)
    run.told = outcome.rows
    return outcome


def start(model: Model, data: Any, out: Path | None, weights: Weights, dtype: str, memory_limit: int | None = None,
          overwrite: bool = False) -> Outcome:  # fmt: skip
    """A new machine of the model, its open lengths taken from the data, trained. `memory_limit`: bytes (None: 80 % of the machine's)."""
    if out is not None:
        verify_vacant(out, overwrite)
    model = bound(model, data)
    machine = model.compile(model.checked.training.seed, dtype, memory_limit=memory_limit)
    return fit(model, machine, data, out, weights, overwrite=overwrite)


def resume(folder: Path, settings: Mapping[str, Any], data: Any = None, weights: Weights = None) -> Outcome:
    """Goes on from a run's checkpoint; `settings` replace some of its train block. `data` and `weights` say where those that it had are now."""
    from ..model import open_run

    opened = open_run(folder)
    return go_on(opened.model.bind(dict(settings)) if settings else opened.model, opened.machine, data, folder, weights)


def go_on(model: Model, machine: Machine, data: Any, folder: Path, weights: Weights = None, progress: bool | None = None) -> Outcome:
    """Trains on from the checkpoint in `folder`, on the run's own data, or on `data`: warned of where they are others.

    Raises BM783 where the run's own are no longer there, BM785 where they have changed and are not named, BM941 without its case weights.
    """
    facts = recorded(folder)
    spec = data if data is not None else require_place(facts, folder, "resume")
    arrays = read(spec, model.checked)[0]
    if is_same(facts, spec, arrays) is False:
        if data is None:
            raise differs(facts, spec, arrays, f"name it to go on with it as it is now: `bm resume {folder} {spec}`")
        say_differs(facts, spec, arrays, "training goes on with it")
    chosen = run_weights(facts, folder, "resume") if weights is None else weights
    if chosen is not None:
        verify_weights(facts, chosen, named=weights is not None)
    return fit(model, machine, spec, folder, chosen, resume=True, progress=progress)


def run_weights(facts: Mapping[str, str], folder: Path, verb: str) -> Weights:
    """The file of the case weights that a run was trained with, None if it had none. Raises BM941 where they are gone or were an array."""
    file = facts.get("weights", "")
    if file and Path(file).exists():
        return Path(file)
    if file or facts.get("weights_sha256"):
        what = f"of `{file}`, which is no longer there" if file else "of an array"
        raise fail("BM941", f"the run was trained with the case weights {what}", help=f"name them: `bm {verb} {folder} DATA --weights FILE`")
    return None


def some_whole(data: Arrays, most: int) -> Arrays:
    """At most so many cases without missing values, spread over all."""
    from ..training.cases import Cases

    return Cases.of(data, None).whole().spread(most).data


def _named(data: Any, checked: CheckedModel) -> Any:
    spec = data if data is not None else checked.training.data
    if spec is None:
        raise fail("BM873", f"no data to train `{checked.name}` on", help="name a set or a file: `bm train FILE digits`")
    return spec


def image_shapes(arrays: Arrays, model: CheckedModel) -> dict[str, tuple[int, ...]]:
    """Group → (rows, columns) or (rows, columns, 3) where its cases are images: by the data's axes, the group's, or a square length."""
    out: dict[str, tuple[int, ...]] = {}
    for g in model.groups:
        if g.role == "hidden" or g.states is not None:
            continue
        whole = g.name in arrays and arrays[g.name].ndim > 2
        axes: tuple[int, ...] = arrays[g.name].shape[1:] if whole else tuple(int(n) for n in g.axes)
        side = isqrt(axes[0]) if len(axes) == 1 else 0
        if len(axes) == 3 and len(g.axes) == 3:  # colours first, as the group has them
            axes = tuple(int(n) for n in g.axes)
        if side > 2 and side * side == axes[0]:
            out[g.name] = (side, side)
        elif len(axes) == 3 and axes[0] in (1, 3) and min(axes[1:]) > 2:
            out[g.name] = axes[1:] if axes[0] == 1 else axes
        elif (len(axes) == 2 and min(axes) > 2) or (len(axes) == 3 and axes[-1] == 3):
            out[g.name] = axes
    return out


@dataclass(frozen=True)
class Outcome:
    """A finished training: the run, the prepared data, how long it took, and the pictures in the run folder."""

    machine: Machine
    run: Any
    data: Arrays
    seconds: float
    pictures: tuple[Path, ...]
    trained: Cases | None = None
    """The data less those held out, with their weights; None: all, of equal weight."""

    @cached_property
    def figures(self) -> Figures:
        """Measured on at most 2,000 of the training cases, spread over all of them."""
        from .eval import figures

        return figures(self.machine, self._measured.data, "train", self._measured.weights)

    @cached_property
    def _measured(self) -> Cases:
        from ..training.cases import Cases

        return (Cases.of(self.data, None) if self.trained is None else self.trained).spread(2000)

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """Simple models of the same cases, those without missing values."""
        from ..inference.baselines import baselines

        return baselines(self.machine, self._measured.whole().data)

    @property
    def health(self) -> str:
        """What the monitors minded last, after what the baselines say; empty where nothing has looked."""
        from ..inference.baselines import verdict
        from ..training.health import WELL

        worse, line = verdict(self.figures.log_likelihood, self.baselines), self.run.health
        return "; ".join(x for x in (worse, "" if worse and line == WELL else line) if x)

    def rows(self) -> list[tuple[str, ...]]:
        """Names and values of what a user wants to know at the end."""
        run = self.run
        epochs = run.metrics[-1]["epoch"] if run.metrics else 0
        how = "" if run.stopped == "done" else f" ({run.stopped})"
        rows: list[tuple[str, ...]] = [("trained", f"{epochs} epochs, {run.updates:,} updates in {self.seconds:.1f} s{how}")]
        if run.best_score is not None:
            rows.append(("validation", f"{run.best_score:.5g} at update {run.best_update:,}"))
        rows += [("health", self.health)] if self.health else []
        rows += [row for row in self.figures.rows() if row[0] != "cases"]
        rows += [(f"  of {x.name}", f"{x.log_likelihood:.5g} nats") for x in self.baselines]
        rows += [("note", note) for note in (*run.notes, *self.figures.notes)]
        rows += [("pictures" if k == 0 else "", str(p)) for k, p in enumerate(self.pictures)]
        if run.out is not None:
            rows.append(("run folder", str(run.out)))
            if run.interrupted:
                rows.append(("go on with", f"bm resume {run.out}"))
        return rows

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        run = self.run
        return {"out": str(run.out), "stopped": run.stopped, "updates": run.updates, "seconds": round(self.seconds, 3),
                "metrics": run.metrics[-1] if run.metrics else {}, "figures": self.figures.as_dict(), "health": self.health,
                "baselines": {x.name: x.log_likelihood for x in self.baselines}, "pictures": [str(p) for p in self.pictures]}  # fmt: skip


def bound(model: Model, data: Any) -> Model:
    """The model with its open lengths taken from the data (None: the train block's own)."""
    spec = data if data is not None else model.checked.training.data
    if spec is None or not model.checked.unbound:
        return model
    found = find(spec, model.checked)
    shapes = {n: x.shape for n, x in flatten(found.arrays, model.checked).items()}
    of_states = {n: (*shapes[n], k) for n, k in found.alphabets.items() if len(shapes[n]) == len(model.checked.group(n).axes)}
    made = model.bind_data(shapes | of_states)
    if made.checked.unbound:
        names, first = ", ".join(f"`{n}`" for n in made.checked.unbound), made.checked.unbound[0]
        seen = ", ".join(f"`{n}` has shape (cases, {', '.join(map(str, x[1:]))})" for n, x in shapes.items())
        raise fail("BM865", f"model `{model.name}` needs a value for {names}, which the data do not give: {seen}",
                   help=f"`-D {first}=...` on the command line, `{first} = ...` in Python")  # fmt: skip
    return made
