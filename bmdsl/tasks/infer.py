"""What a trained machine makes of cases: missing entries filled in, noise taken away, hidden means
as features. `bm infer`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..data.load import read_file
from ..data.table import ENDINGS as TABLE_ENDINGS
from ..data.tabulating import completed
from ..files import with_ending
from ..language.diagnostics import BmError, counted, fail
from ..runs.results import ENDINGS, table_ending, write_results
from .tables import MachineTable

ROWS, COLUMNS = 3, 10
"""Cases in a picture: so many rows of so many, each row of cases above one of results."""
MISSING = "nan"
MAX_NAMED = 16
"""Columns whose filled cells are counted one by one."""


@dataclass(frozen=True)
class Inferred:
    """Where results were written, the picture beside them, their shape, that of the first group
    where there are several, and what is to be said.
    """

    path: Path
    picture: Path | None
    shape: tuple[int, ...]
    notes: tuple[str, ...] = ()
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def infer(
    folder: Path,
    data: str | None,
    part: str | None,
    out: Path | None,
    *,
    impute: str | None = None,
    denoise: bool = False,
    noise: float | None = None,
    features: str = "means",
    steps: int = 200,
) -> Inferred:
    """Results of one part of the data (default: the last that the set has) as a file, and a picture
    where cases are images.

    `impute`: a file that is 1 where entries are to be filled in, [cases, *axes] or [*axes], one or
    several by group, or `nan` for those that are NaN in the data. All visible groups are then
    written, as a table where the data were one, else as .npy, several as .npz. BmError BM930 for a
    mask that does not fit the data, BM787 for an `out` of another ending.
    """
    from .run_cases import last_part, one_machine, run_table

    path = out or folder / ("imputed" if impute else "denoised" if denoise else "features")
    if out is not None:
        with_ending(out, (*ENDINGS, *TABLE_ENDINGS))  # said before the work is done
    if not denoise and (out is None or out.suffix.lower() not in (".npy", ".npz")):
        tabled = run_table(folder, data, part)
        if tabled is not None and impute in (None, MISSING):
            return _of_table(tabled[1], path, data or tabled[0].data, impute, features, steps)
    run, name, cases = last_part(folder, data, part)
    if not impute and not denoise:
        means = run.machine.transform(dict(cases), features)
        return Inferred(
            write_results(path, {features: means}), None, means.shape, _of_gaps(run.machine, cases)
        )
    machine = one_machine(run, folder)
    first, source = machine.visible[0], data or run.data
    shape = run.images.get(first)
    table = table_ending(source) or ".npy"
    if impute:
        if out is not None and len(machine.visible) > 1:
            with_ending(out, (".npz",))
        mask = _mask(impute, machine.visible, cases)
        try:
            filled = machine.impute(dict(cases), mask, steps)
        except BmError as error:
            if error.diagnostics[0].code not in ("BM777", "BM786"):
                raise
            raise fail(
                "BM930",
                f"the file `{impute}`: {error.diagnostics[0].message}",
                help=" ".join(error.diagnostics[0].helps),
            ) from None
        groups = filled if isinstance(filled, dict) else {first: filled}
        groups = {n: machine.preparation.outward(n, x) for n, x in groups.items()}
        written = write_results(path, groups, source, table)
        title = f"{name}: cases with entries missing, and below them filled in"
        before = machine.preparation.outward(first, cases[first])
        seen = np.where(np.isclose(groups[first], before), before, np.nan)
        picture = _picture(written, groups[first], seen, shape, title)
        return Inferred(
            written, picture, groups[first].shape, (), {n: x.shape for n, x in groups.items()}
        )
    found = machine.preparation.outward(first, machine.denoise(dict(cases), noise, steps))
    written = write_results(path, {first: found}, source, table)
    title = f"{name}: cases, and below them without noise"
    return Inferred(
        written,
        _picture(written, found, machine.preparation.outward(first, cases[first]), shape, title),
        found.shape,
    )


def _of_table(
    rows: MachineTable, path: Path, source: str, impute: str | None, features: str, steps: int
) -> Inferred:
    """Rows of a table completed, or their features beside their ids, as such a table."""
    if not impute:
        made = rows.featured(features)
        notes = _of_gaps(rows.machine, rows.arrays)
    else:
        gaps = sum(int(np.isnan(x).sum()) for x in rows.arrays.values())
        if not gaps:
            raise fail(
                "BM930",
                "no entry of the data is NaN",
                help="name a file that is 1 where entries are to be filled in: `--impute mask.npy`",
            )
        groups = rows.imputed(steps)
        made = completed(rows.table, rows.code, groups)
        notes = (_filled(rows),)
    ending = Path(source.removesuffix(".gz")).suffix.lower()
    path = with_ending(path, TABLE_ENDINGS, ending if ending in TABLE_ENDINGS else TABLE_ENDINGS[0])
    return Inferred(made.write(path), None, (len(made), len(made.names)), notes)


def _filled(rows: MachineTable) -> str:
    """How many cells of which columns were filled in."""
    counts = {
        c.column: int(rows.table[c.column].missing(rows.code.missing).sum())
        for coded in rows.code.groups.values()
        for c in coded
    }
    total = sum(counts.values())
    shown = ", ".join(f"{n:,} of `{name}`" for name, n in list(counts.items())[:MAX_NAMED] if n)
    more = ", ..." if len(counts) > MAX_NAMED else ""
    return f"{counted(total, 'cell')} filled in: {shown}{more}"


def _of_gaps(machine: Any, cases: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """How features of cases with missing values were found."""
    from ..inference.exact_machine import QUICK
    from ..inference.observed_scores import exactly_seen
    from ..runtime.missing import missing_cases

    missing = missing_cases(cases)
    if not missing.any():
        return ()
    exact = exactly_seen(machine, {n: x[missing] for n, x in cases.items()}, QUICK)
    count = int(missing.sum())
    how = "exactly" if exact.all() else f"{int(exact.sum()):,} exactly, the others by mean field"
    return (
        (
            f"features of {counted(count, 'case')} with missing values are of what was seen,"
            f" missing units summed out {how}"
        ),
    )


def _mask(
    text: str, visible: Sequence[str], cases: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray] | np.ndarray | None:
    """The masks of a file by group, or one for the group that it fits; None for what is NaN."""
    if text == MISSING:
        if not any(np.isnan(cases[n]).any() for n in visible):
            raise fail(
                "BM930",
                "no entry of the data is NaN",
                help="name a file that is 1 where entries are to be filled in: `--impute mask.npy`",
            )
        return None
    known = _names(text)
    if any(n in known for n in visible):
        return {n: _marks(f"{text}:{n}", cases[n].shape if n in visible else None) for n in known}
    shapes = [cases[n].shape for n in visible]
    return _marks(text, shapes[0] if len(shapes) == 1 else None)


def _names(text: str) -> tuple[str, ...]:
    """The arrays of a `.npz` file; none of another."""
    if Path(text).suffix.lower() != ".npz" or not zipfile.is_zipfile(text):
        return ()
    with zipfile.ZipFile(text) as archive:
        return tuple(n.removesuffix(".npy") for n in archive.namelist())


def _marks(spec: str, whole: Sequence[int] | None) -> np.ndarray:
    """A file's mask as booleans, an image's in the shape of its group."""
    marks = np.asarray(read_file(spec))
    if np.isnan(marks).any():
        raise fail(
            "BM930",
            f"the mask `{spec}` has NaN",
            help=(
                "1 where an entry is to be filled in, else 0; `--impute nan` takes the data's"
                " own NaN"
            ),
        )
    hole = marks != 0
    if whole is None:
        return hole
    one = int(np.prod(whole[1:]))
    return (
        hole.reshape(whole if hole.size == one * whole[0] else whole[1:])
        if hole.size in (one, one * whole[0])
        else hole
    )


def _picture(
    written: Path, found: np.ndarray, seen: np.ndarray, shape: Sequence[int] | None, title: str
) -> Path | None:
    from ..report.plots import pairs

    if shape is None:
        return None
    picture = written.with_suffix(".png")
    count = min(len(seen), ROWS * COLUMNS)
    pairs(seen[:count], found[:count], shape, picture, title, COLUMNS)
    return picture
