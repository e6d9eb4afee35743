"""What a trained machine makes of cases: missing entries filled in, noise taken away, hidden means as features. `bm infer`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data.load import read_file
from .language.diagnostics import fail

ROWS, COLUMNS = 3, 10
"""Cases in a picture: so many rows of so many, each row of cases above one of results."""
MISSING = "nan"


@dataclass(frozen=True)
class Inferred:
    """Where results were written, the picture beside them, and their shape."""

    path: Path
    picture: Path | None
    shape: tuple[int, ...]


def infer(folder: Path, data: str | None, part: str | None, out: Path | None, *, impute: str | None = None, denoise: bool = False,
          noise: float | None = None, features: str = "means", steps: int = 200) -> Inferred:  # fmt: skip
    """Results of one part of the data (default: the last that the set has) as a .npy file, and a picture where cases are images.

    `impute`: a file that is 1 where entries are to be filled in, [cases, *axes] or [*axes], or `nan` for those that are NaN in the data. BmError BM930
    for a mask that does not fit the data.
    """
    from .evaluation import Subject, ready_parts
    from .inference.machine import Machine

    run, ready = ready_parts(folder, data, (part,) if part else None)
    name, cases = ready[-1]
    path = out or folder / ("imputed.npy" if impute else "denoised.npy" if denoise else "features.npy")
    if not isinstance(run.machine, Machine):
        if impute or denoise:
            raise fail("BM916", f"`{folder}` holds a stack, not one machine", help=f"name a layer's folder in it, as `{folder / run.machine.layers[0].name}`")
        return Inferred(_written(path, run.machine.transform(cases, features)), None, ())
    assert isinstance(run, Subject)
    first = run.machine.visible[0]
    if impute:
        hole = _hole(impute, cases[first])
        found = run.machine.impute({**cases, first: np.where(hole, 0, cases[first])}, hole, steps)
        return _shown(folder, path, found, np.where(hole, np.nan, cases[first]), f"{name}: cases with entries missing, and below them filled in")
    if denoise:
        found = run.machine.denoise(dict(cases), noise, steps)
        return _shown(folder, path, found, cases[first], f"{name}: cases, and below them without noise")
    found = run.machine.transform(dict(cases), features)
    return Inferred(_written(path, found), None, found.shape)


def _hole(mask: str, values: np.ndarray) -> np.ndarray:
    missing = np.isnan(values)
    if mask == MISSING:
        if not missing.any():
            raise fail("BM930", "no entry of the data is NaN", help="name a file that is 1 where entries are to be filled in: `--impute mask.npy`")
        return missing
    hole = np.asarray(read_file(mask)) != 0
    whole = values.shape
    if hole.size in (values[0].size, values.size):
        hole = hole.reshape(whole if hole.size == values.size else whole[1:])
        return np.broadcast_to(hole, whole) | missing
    raise fail("BM930", f"the mask `{mask}` has shape {hole.shape}, the data have {whole}", help=f"one entry a unit, {whole[1:]}, or one for every case")


def _written(path: Path, values: np.ndarray) -> Path:
    path = path if path.suffix == ".npy" else path.with_name(path.name + ".npy")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    os.replace(beside, path)
    return path


def _shown(folder: Path, path: Path, found: np.ndarray, seen: np.ndarray, title: str) -> Inferred:
    from .handle import open_run
    from .report.plots import pairs

    written = _written(path, found)
    run = open_run(folder)
    first = run.machine.visible[0]
    if first not in run.images:
        return Inferred(written, None, found.shape)
    picture = written.with_suffix(".png")
    count = min(len(seen), ROWS * COLUMNS)
    pairs(seen[:count], found[:count], run.images[first], picture, title, COLUMNS)
    return Inferred(written, picture, found.shape)


@dataclass(frozen=True)
class Ranked:
    """The most and the least likely cases: their places in the data and −F(v) in nats, log P(v) but for the constant log Z."""

    part: str
    cases: int
    likely: tuple[tuple[int, float], ...]
    unlikely: tuple[tuple[int, float], ...]
    bound: bool
    picture: Path | None

    def rows(self) -> list[tuple[str, ...]]:
        """A table: places and −F(v) of both ends."""
        what = "bound on −F(v)" if self.bound else "−F(v)"
        head = ("", "most likely", what, "least likely", what)
        both = zip(self.likely, self.unlikely, strict=True)
        return [head, *((str(k), f"{a[0]:,}", f"{a[1]:.2f}", f"{b[0]:,}", f"{b[1]:.2f}") for k, (a, b) in enumerate(both, 1))]

    def as_dict(self) -> Mapping[str, object]:
        """For `--json`."""
        return {"part": self.part, "cases": self.cases, "bound": self.bound, "most_likely": [list(x) for x in self.likely],
                "least_likely": [list(x) for x in self.unlikely], "picture": str(self.picture) if self.picture else None}  # fmt: skip


def rank(folder: Path, data: str | None, part: str | None, count: int) -> Ranked:
    """The `count` most and least likely cases of one part (default: the last that the set has), and rank.png in the run's folder."""
    from .evaluation import ready_parts
    from .handle import open_run
    from .inference.machine import Machine
    from .likelihood import minus_free_energies
    from .report.plots import tiles

    run, ready = ready_parts(folder, data, (part,) if part else None)
    name, cases = ready[-1]
    if not isinstance(run.machine, Machine):
        raise fail("BM916", f"`{folder}` holds a stack, not one machine", help=f"name a layer's folder in it, as `{folder / run.machine.layers[0].name}`")
    values, bound = minus_free_energies(run.machine, cases)
    values = np.where(np.isnan(values), -np.inf, values)
    order = np.argsort(-values, kind="stable")
    count = min(count, len(order))
    ends = [tuple((int(k), float(values[k])) for k in chosen) for chosen in (order[:count], order[::-1][:count])]
    images, first, picture = open_run(folder).images, run.machine.visible[0], None
    if first in images and folder.is_dir():
        picture = folder / "rank.png"
        rows = np.concatenate([cases[first][order[:count]], cases[first][order[::-1][:count]]])
        tiles(rows, images[first], picture, f"{name}: the {count} most likely cases, and below them the {count} least likely", False, columns=count)
    return Ranked(name, len(values), ends[0], ends[1], bound, picture)
