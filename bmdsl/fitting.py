"""From data as a user has it to a training run: shaped, transformed, checked, then handed to the loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import units
from .data.load import load as load_data
from .data.transform import transform
from .data.validate import as_one_hot, check_values
from .inference.initial import data_parameters
from .language.diagnostics import fail
from .language.model import Group
from .language.model import Model as CheckedModel

if TYPE_CHECKING:
    from .handle import Model
    from .inference.machine import Machine

Arrays = dict[str, np.ndarray]


def read(spec: Any, model: CheckedModel, part: str = "train") -> tuple[Arrays, str]:
    """Data as group → array, and where they came from. `spec` is an array, a dict of arrays, a named set or a file."""
    source = "the array"
    if isinstance(spec, str | Path):
        dataset = load_data(str(spec), part)
        spec, source = dataset.values, dataset.source or dataset.name
    if isinstance(spec, Mapping):
        return {str(k): np.asarray(v) for k, v in spec.items()}, source
    seen = [g.name for g in model.groups if g.role != "hidden"]
    if len(seen) != 1:
        names = ", ".join(f"`{n}`" for n in seen)
        raise fail("BM871", f"model `{model.name}` takes data for {names}, one array was given", help="give a dict with an array a group")
    return {seen[0]: np.asarray(spec)}, source


def flatten(arrays: Arrays, model: CheckedModel) -> Arrays:
    """Cases of more axes than the group has (28×28 images for `v[784]`) are flattened; the order of entries stays."""
    out = {}
    for name, x in arrays.items():
        group = next((g for g in model.groups if g.name == name), None)
        if group is not None and len(group.shape) == 1 and group.states is None and x.ndim > 2:
            x = x.reshape(len(x), -1)
        out[name] = x
    return out


def prepare(arrays: Arrays, model: CheckedModel, source: str, seed: int, allow_missing: bool = True) -> Arrays:
    """Transformed and checked data of every visible and given group; BmError names file, row and column of what is wrong."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 1 << 32]))
    steps = [(c.name, dict(c.options)) for c in model.training.transform]
    out = {}
    for group in model.groups:
        if group.role == "hidden":
            continue
        if group.name not in arrays:
            raise fail("BM872", f"no data for `{group.name}`", group.span)
        values = arrays[group.name]
        if group.role == "visible" and steps:
            values = transform(values, steps, generator)
        out[group.name] = _checked(values, group, source, allow_missing)
    return out


def _checked(values: np.ndarray, group: Group, source: str, allow_missing: bool) -> np.ndarray:
    unit = units.get(group.unit)
    shape = tuple(int(n) for n in group.axes)
    if group.states is not None and values.shape[1:] == shape[:-1]:
        values = as_one_hot(values, int(group.states), group.name, source)
    arguments = tuple(float(v) for _, v in group.options)
    check_values(values, shape, lambda x: unit.contains(x, *arguments), unit.domain, group.name, source, allow_missing)
    return values


def fit(model: Model, machine: Machine, data: Any, out: Path | None, weights: np.ndarray | None = None, resume: bool = False,
        progress: bool | None = None) -> Any:  # fmt: skip
    """Trains `machine` by the model's train block on `data` (None: the block's own). Returns the run."""
    from .training.loop import train

    checked = model.checked
    spec = data if data is not None else checked.training.data
    if spec is None:
        raise fail("BM873", f"no data to train `{checked.name}` on", help="name a set or a file: `bm train FILE digits`")
    arrays, source = read(spec, checked)
    ready = prepare(flatten(arrays, checked), checked, source, checked.training.seed)
    if not resume:
        for name, value in data_parameters(checked, ready).items():
            machine.params[name] = value
    return train(machine, ready, checked.training, out, weights, metadata=model.metadata(machine), resume=resume, progress=progress)


def bound(model: Model, data: Any) -> Model:
    """The model with its open lengths taken from the data (None: the train block's own)."""
    spec = data if data is not None else model.checked.training.data
    if spec is None or not model.checked.unbound:
        return model
    arrays, _ = read(spec, model.checked)
    return model.bind_data({n: x.shape for n, x in flatten(arrays, model.checked).items()})
