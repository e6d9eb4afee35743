"""What a trained machine makes of cases: missing entries filled in, noise taken away, hidden means as features. `bm infer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data.load import read_file
from .language.diagnostics import fail
from .writing import put

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
    from .evaluation import last_part, one_machine

    run, name, cases = last_part(folder, data, part)
    path = out or folder / ("imputed.npy" if impute else "denoised.npy" if denoise else "features.npy")
    if not impute and not denoise:
        means = run.machine.transform(dict(cases), features)
        return Inferred(_written(path, means), None, means.shape)
    machine = one_machine(run, folder)
    first = machine.visible[0]
    shape = run.images.get(first)
    if impute:
        hole = _hole(impute, cases[first])
        found = machine.impute({**cases, first: np.where(hole, 0, cases[first])}, hole, steps)
        return _shown(path, found, np.where(hole, np.nan, cases[first]), shape, f"{name}: cases with entries missing, and below them filled in")
    found = machine.denoise(dict(cases), noise, steps)
    return _shown(path, found, cases[first], shape, f"{name}: cases, and below them without noise")


def _hole(mask: str, values: np.ndarray) -> np.ndarray:
    missing = np.isnan(values)
    if mask == MISSING:
        if not missing.any():
            raise fail("BM930", "no entry of the data is NaN", help="name a file that is 1 where entries are to be filled in: `--impute mask.npy`")
        return missing
    marks = np.asarray(read_file(mask))
    if np.isnan(marks).any():
        raise fail("BM930", f"the mask `{mask}` has NaN", help="1 where an entry is to be filled in, else 0; `--impute nan` takes the data's own NaN")
    hole = marks != 0
    whole = values.shape
    if hole.size in (values[0].size, values.size):
        hole = hole.reshape(whole if hole.size == values.size else whole[1:])
        return np.broadcast_to(hole, whole) | missing
    raise fail("BM930", f"the mask `{mask}` has shape {hole.shape}, the data have {whole}", help=f"one entry a unit, {whole[1:]}, or one for every case")


def _written(path: Path, values: np.ndarray) -> Path:
    path = path if path.suffix == ".npy" else path.with_name(path.name + ".npy")
    path.parent.mkdir(parents=True, exist_ok=True)
    return put(path, lambda beside: np.save(beside, values, allow_pickle=False))


def _shown(path: Path, found: np.ndarray, seen: np.ndarray, shape: Sequence[int] | None, title: str) -> Inferred:
    from .report.plots import pairs

    written = _written(path, found)
    if shape is None:
        return Inferred(written, None, found.shape)
    picture = written.with_suffix(".png")
    count = min(len(seen), ROWS * COLUMNS)
    pairs(seen[:count], found[:count], shape, picture, title, COLUMNS)
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
    notes: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """A table: places and −F(v) of both ends."""
        what = "bound on −F(v)" if self.bound else "−F(v)"
        head = ("", "most likely", what, "least likely", what)
        both = zip(self.likely, self.unlikely, strict=True)
        return [head, *((str(k), f"{a[0]:,}", f"{a[1]:.2f}", f"{b[0]:,}", f"{b[1]:.2f}") for k, (a, b) in enumerate(both, 1))]

    def as_dict(self) -> Mapping[str, object]:
        """For `--json`."""
        return {"part": self.part, "cases": self.cases, "bound": self.bound, "most_likely": [list(x) for x in self.likely],
                "least_likely": [list(x) for x in self.unlikely], "notes": list(self.notes),
                "picture": str(self.picture) if self.picture else None}  # fmt: skip


def rank(folder: Path, data: str | None, part: str | None, count: int) -> Ranked:
    """The `count` most and least likely cases of one part (default: the last that the set has), and rank.png in the run's folder."""
    from .evaluation import last_part, one_machine
    from .gaps import Gaps
    from .report.plots import tiles

    run, name, cases = last_part(folder, data, part)
    machine = one_machine(run, folder)
    scored, gaps = Gaps.of(machine, cases).scored(machine, cases)
    ranked = np.flatnonzero(gaps.seen & ~gaps.left_out)
    if not len(ranked):
        raise fail("BM751", "of no case has what was seen a free energy that is exact or bounded", help="leave fewer entries missing")
    values = np.full(len(gaps.seen), np.nan)
    values[ranked] = scored
    order = ranked[np.argsort(-scored, kind="stable")]
    notes = gaps.notes()
    if (gaps.missing[ranked]).any():
        notes.append("the fewer entries were seen, the likelier they are: compare cases with the same ones missing")
    count = min(count, len(order))
    ends = [tuple((int(k), float(values[k])) for k in chosen) for chosen in (order[:count], order[::-1][:count])]
    first, picture = machine.visible[0], None
    if first in run.images and folder.is_dir():
        picture = folder / "rank.png"
        rows = np.concatenate([cases[first][order[:count]], cases[first][order[::-1][:count]]])
        tiles(rows, run.images[first], picture, f"{name}: the {count} most likely cases, and below them the {count} least likely", False, columns=count)
    return Ranked(name, len(ranked), ends[0], ends[1], bool(gaps.bounded.any()), picture, tuple(notes))
