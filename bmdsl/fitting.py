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
from typing import TYPE_CHECKING, Any

import numpy as np

from . import units
from .arrays import real, verify_fits
from .data.load import holds_several
from .data.load import load as load_data
from .data.transform import gives_means, transform
from .data.validate import as_one_hot, check_finite, check_values
from .data.weights import load_weights
from .inference import gate
from .language.diagnostics import fail
from .language.model import Group
from .language.model import Model as CheckedModel
from .registry import discover

if TYPE_CHECKING:
    from .evaluation import Figures
    from .handle import Model
    from .inference.machine import Machine

Arrays = dict[str, np.ndarray]
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

    A model of several groups takes them from a file's arrays of those names; a set's labels go to its one-of-K unit.
    """
    source, states = "the array", None
    seen = [g for g in model.groups if g.role != "hidden"]
    if isinstance(spec, str | Path):
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


def prepare(arrays: Arrays, model: CheckedModel, source: str, seed: int, allow_missing: bool = True, reference: Arrays | None = None) -> Arrays:
    """Transformed and checked data of every visible and given group; BmError names file, row and column of what is wrong.

    `reference` are the untransformed training cases, where `arrays` are others.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 1 << 32]))
    steps = [(c.name, dict(c.options)) for c in model.training.transform]
    means = gives_means([name for name, _ in steps])
    out = {}
    for group in model.groups:
        if group.role == "hidden":
            continue
        if group.name not in arrays:
            raise fail("BM872", f"no data for `{group.name}`", group.span)
        values = arrays[group.name]
        if group.role == "visible" and steps and group.states is None:  # a label is no measurement
            check_finite(values, group.name, source)  # a transform might take an infinite value for a missing one
            values = transform(values, steps, generator, None if reference is None else reference.get(group.name))
        out[group.name] = _checked(values, group, source, allow_missing and group.role == "visible", means and group.role == "visible")
    return out


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


def ready_cases(model: CheckedModel, spec: Any) -> tuple[Arrays, Arrays]:
    """A model's data as they are read, and shaped, transformed and checked; every case is whole."""
    arrays, source = read(_named(spec, model), model)
    return arrays, prepare(flatten(arrays, model), model, source, model.training.seed, allow_missing=False)


def fit(model: Model, machine: Machine, data: Any, out: Path | None, weights: Path | None = None, resume: bool = False,
        progress: bool | None = None, prepared: bool = False) -> Outcome:  # fmt: skip
    """Trains `machine` by the model's train block on `data` (None: the block's own), from where it is. With `out`, the run folder ends with pictures.

    `prepared` data are taken as they are: arrays by group, hidden means of another machine.
    """
    from .report.run_pictures import write_pictures
    from .report.subject import Subject
    from .training.loop import train

    checked = model.checked
    spec = _named(data, checked)
    arrays, source = read(spec, checked)
    given = None if weights is None else load_weights(str(weights), len(next(iter(arrays.values()))))
    ready = arrays if prepared else prepare(flatten(arrays, checked), checked, source, checked.training.seed)
    for name, x in ready.items():
        verify_fits(x, machine.dtype, f"data for `{name}` from {source}")
    gate.verify_parameters(machine.params)
    if not resume:
        machine.start_from(ready)
        if checked.training.pretrain is not None and not machine.pretrained:
            discover("bmdsl.pretrain")[checked.training.pretrain.name].pretrain(machine, checked.training.pretrain, ready, progress)
            machine.pretrained = True
    images = {} if prepared else image_shapes(arrays, checked)
    metadata = {**model.metadata(machine), **origin(spec, weights), "images": json.dumps(images)}
    started = time.monotonic()
    run = train(machine, ready, checked.training, out, given, metadata=metadata, resume=resume, progress=progress)
    seconds = time.monotonic() - started
    pictures: tuple[Path, ...] = ()
    if run.out is not None and not run.interrupted:
        pictures = write_pictures(Subject(machine, images, run.metrics, run.chains, some_whole(ready, PICTURED)), run.out)
    return Outcome(machine, run, ready, seconds, pictures)


def start(model: Model, data: Any, out: Path | None, weights: Path | None, dtype: str, memory_limit: int | None = None) -> Outcome:
    """A new machine of the model, its open lengths taken from the data, trained. `memory_limit`: bytes (None: 80 % of the machine's)."""
    model = bound(model, data)
    return fit(model, model.compile(model.checked.training.seed, dtype, memory_limit=memory_limit), data, out, weights)


def resume(folder: Path, settings: Mapping[str, Any]) -> Outcome:
    """Goes on from a run's checkpoint, with the data that it was trained on; `settings` replace some of its train block."""
    from .handle import open_run

    opened = open_run(folder)
    if not opened.data:
        raise fail("BM912", f"the run `{folder}` was trained on an array, so its data are not known here",
                   help="go on from Python: `bmdsl.open` its folder and train again")  # fmt: skip
    model = opened.model.bind(dict(settings)) if settings else opened.model
    weights = Path(opened.metadata["weights"]) if opened.metadata.get("weights") else None
    return fit(model, opened.machine, opened.data, folder, weights, resume=True)


def some_whole(data: Arrays, most: int) -> Arrays:
    """At most so many cases without missing values, spread over all."""
    from .training.cases import Cases

    return Cases.of(data, None).whole().spread(most).data


def _named(data: Any, checked: CheckedModel) -> Any:
    spec = data if data is not None else checked.training.data
    if spec is None:
        raise fail("BM873", f"no data to train `{checked.name}` on", help="name a set or a file: `bm train FILE digits`")
    return spec


def origin(data: Any, weights: Path | None) -> dict[str, str]:
    """Where the cases came from, for a resume: a set by its name, a file by its whole path. Arrays leave no trace."""
    return {"data": absolute(str(data)) if isinstance(data, str | Path) else "", "weights": absolute(str(weights)) if weights else ""}


def absolute(spec: str) -> str:
    """A path from the root; a named set as it is."""
    path, colon, key = spec, "", ""
    if not Path(path).exists() and ":" in spec:
        path, colon, key = spec.rpartition(":")
    return f"{Path(path).resolve()}{colon}{key}" if Path(path).is_file() else spec


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

    @cached_property
    def figures(self) -> Figures:
        """Measured on at most 2,000 of the training cases, spread over all of them."""
        from .evaluation import figures

        count = len(next(iter(self.data.values())))
        rows = np.unique(np.linspace(0, count - 1, min(count, 2000)).astype(int))
        return figures(self.machine, {n: x[rows] for n, x in self.data.items()}, "train")

    def rows(self) -> list[tuple[str, ...]]:
        """Names and values of what a user wants to know at the end."""
        run = self.run
        epochs = run.metrics[-1]["epoch"] if run.metrics else 0
        how = "" if run.stopped == "done" else f" ({run.stopped})"
        rows: list[tuple[str, ...]] = [("trained", f"{epochs} epochs, {run.updates:,} updates in {self.seconds:.1f} s{how}")]
        if run.best_score is not None:
            rows.append(("validation", f"{run.best_score:.5g} at update {run.best_update:,}"))
        rows += [row for row in self.figures.rows() if row[0] != "cases"]
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
                "metrics": run.metrics[-1] if run.metrics else {}, "figures": self.figures.as_dict(), "pictures": [str(p) for p in self.pictures]}  # fmt: skip


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
