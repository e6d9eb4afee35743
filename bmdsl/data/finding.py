"""Data as a user names or gives them, as one array a group, in the shape of the model's groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isqrt, prod
from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Group
from ..language.model import Model as CheckedModel
from .arrays import real
from .encoding import encode, learn
from .levels import TableCode
from .load import holds_several
from .load import load as load_data
from .series import split_windows
from .streams.opening import open_source
from .streams.source import ShardSource
from .table import Table
from .table_files import is_table, load_table
from .windowing import windowed

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Found:
    """Data as group → array, where they came from, and group → the size of the alphabet that its
    state numbers are of.
    """

    arrays: Arrays
    source: str
    alphabets: Mapping[str, int] = field(default_factory=dict)
    spec: Any = None
    """How they were named: what a run remembers of them."""
    table: Table | None = field(default=None, repr=False, compare=False)
    """The table whose columns they are, where a data block says which."""
    code: TableCode | None = field(default=None, repr=False, compare=False)
    """What that table's cells mean."""
    shards: ShardSource | None = field(default=None, repr=False, compare=False)
    """Where cases are read as they are needed; `arrays` are the first few of them then."""

    def coded(self, code: TableCode | None, model: CheckedModel) -> Found:
        """The same table, its cells as `code` has them; None leaves them."""
        if code is None or self.table is None or code == self.code:
            return self
        return replace(self, arrays=encode(self.table, code, model), code=code)


def read(
    spec: Any, model: CheckedModel, part: str = "train", code: TableCode | None = None
) -> tuple[Arrays, str]:
    """Data as group → array, and where they came from: `find` without the rest."""
    found = find(spec, model, part, code)
    return found.arrays, found.source


def find(
    spec: Any,
    model: CheckedModel,
    part: str = "train",
    code: TableCode | None = None,
    streamed: str = "never",
) -> Found:
    """Data by group. `spec` is an array, a dict of arrays, a named set, a file or a folder.

    A model of several groups takes them from a file's arrays of those names; a set's labels go to
    its one-of-K unit. `FILE windows(T)` makes a past and a present of the series in a file. What
    was found already is not read again. A table gives the columns that the model's data block
    names, their cells as `code` has them, or as is learned from this table.

    A folder of shards, or a file, gives a stream where `streamed` is `always`, or `auto` and it is
    a folder or large; else all of its cases. BM734 where `always` is asked of what cannot be
    streamed, BM726 for shards that do not fit into memory.
    """
    if isinstance(spec, Found):
        return spec.coded(code, model)
    groups = tuple(g.name for g in model.groups if g.role != "hidden")
    source = open_source(spec, groups, streamed, part, model.table is not None)
    if source is not None and streamed == "never":
        return Found(source.whole(), source.place, spec=spec)
    if source is not None:
        return Found(source.head(), source.place, spec=spec, shards=source)
    if model.table is not None and is_table(spec, groups):
        if part != "train":
            raise fail(
                "BM708",
                f"{'the table' if not isinstance(spec, str) else f'`{spec}`'} has no part `{part}`",
                help="give the file of that part instead",
            )
        table = load_table(spec)
        code = learn(table, model) if code is None else code
        return Found(encode(table, code, model), table.source, code.states, spec, table, code)
    return replace(_find(spec, model, part), spec=spec)


def _find(spec: Any, model: CheckedModel, part: str) -> Found:
    source, states = "the array", None
    seen = [g for g in model.groups if g.role != "hidden"]
    if isinstance(spec, str | Path):
        path, frames = split_windows(str(spec))
        if frames is not None:
            return Found(windowed(path, frames, model, part), str(spec))
        if len(seen) > 1 and holds_several(str(spec)):
            return Found(
                {g.name: load_data(f"{spec}:{g.name}", part).values for g in seen}, str(spec)
            )
        dataset = load_data(str(spec), part)
        spec, source, states = dataset.values, dataset.source or dataset.name, dataset.states
        label = [g.name for g in seen if g.states is not None and len(g.axes) == 1]
        if dataset.labels is not None and len(seen) == 2 and len(label) == 1:
            return Found(
                {g.name: dataset.labels if g.name in label else dataset.values for g in seen},
                source,
            )
    if isinstance(spec, Mapping):
        return Found({str(k): real(v, f"data for `{k}`") for k, v in spec.items()}, source)
    if len(seen) != 1:
        names = ", ".join(f"`{g.name}`" for g in seen)
        raise fail(
            "BM871",
            f"model `{model.name}` takes data for {names}, one array was given",
            help=(
                "give a dict with an array a group, a file that holds arrays of these names, or a"
                f" table with a data block in the model: `data {{ {seen[0].name} = first..last }}`"
            ),
        )
    return Found(
        {seen[0].name: real(spec, f"data for `{seen[0].name}`")},
        source,
        {} if states is None else {seen[0].name: states},
    )


def flatten(arrays: Arrays, model: CheckedModel) -> Arrays:
    """Cases of more axes than the group has (28×28 images for `v[784]`) are flattened; the order of
    entries stays.

    [784] goes into two axes, `v[28, 28]`.

    For a group of three axes, `v[C, Y, X]`, images get their colours first: [28, 28] and [784] as
    [1, 28, 28], [32, 32, 3] as [3, 32, 32].
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
    return (
        np.ascontiguousarray(np.moveaxis(x, 3, 1))
        if x.ndim == 4 and x.shape[3] in (1, 3) and x.shape[1] not in (1, 3)
        else x
    )


def image_shapes(arrays: Arrays, model: CheckedModel) -> dict[str, tuple[int, ...]]:
    """Group → (rows, columns) or (rows, columns, 3) where its cases are images: by the data's axes,
    the group's, or a square length.
    """
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
