"""A run for every point of a grid of arguments and settings: what `bm tune` does."""

from __future__ import annotations

import io
import itertools
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import file_names
from ..language.diagnostics import BmError, fail
from ..language.model import Choice, Training
from ..ranks.interface import Alone
from ..ranks.world import standing_as
from ..runs.earlier_run import verify_vacant
from ..runs.provenance import absolute

if TYPE_CHECKING:
    from ..model import Model

APART = re.compile(r",(?![^(]*\))")
"""A comma between values, outside of a word's parentheses."""
UNSAFE = re.compile(r"[^\w.=,()+-]+")
"""What does not become part of a folder's name."""


@dataclass(frozen=True)
class Point:
    """One point of a grid: the folder of its run, arguments of the model, and settings of its train
    block as they are written.
    """

    folder: str
    arguments: Mapping[str, float]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """What every run of a grid has besides its point."""

    file: str
    which: str | None
    arguments: Mapping[str, float]
    settings: Mapping[str, Any]
    data: str | None
    weights: Path | None
    dtype: str
    units: tuple[Path, ...]
    """Files of unit types that the processes of runs do not know yet."""
    overwrite: bool


def points_of(model: Model, grid: Sequence[str]) -> tuple[Point, ...]:
    """All points of a grid written as `NAME=VALUE,VALUE,...`, the last name's values running
    fastest.

    A name is an argument of the model, a setting of the train block (`batch`), or an option of one
    of its words (`rate`; `optimizer.rate` if two words have it). Raises BM999 for what is none of
    these, or a grid of one point.
    """
    axes = [_axis(model, text) for text in grid]
    names = [name for name, _ in axes]
    if len(set(names)) < len(names):
        raise fail("BM999", "a name of the grid is given twice", help="all its values at once")
    found = []
    for values in itertools.product(*(x for _, x in axes)):
        chosen = dict(zip(names, values, strict=True))
        found.append((" ".join(f"{n}={x}" for n, x in chosen.items()), _settled(model, chosen)))
    if len(found) < 2:
        raise fail(
            "BM999",
            "a grid has two points or more",
            help="for instance `--grid H=50,100 --grid rate=0.01,0.1`",
        )
    folders = file_names(UNSAFE.sub("_", title.replace(" ", "_")) for title, _ in found)
    made = zip(folders.values(), (x for _, x in found), strict=True)
    return tuple(Point(folder, *x) for folder, x in made)


def _axis(model: Model, text: str) -> tuple[str, list[str]]:
    name, sign, values = text.partition("=")
    found = [x.strip() for x in APART.split(values)]
    if not sign or not name.strip() or not all(found) or len(set(found)) < len(found):
        raise fail(
            "BM999",
            f"`--grid {text}` is not a name with different values",
            help="for instance `--grid H=50,100,200`",
        )
    return name.strip().removeprefix("train."), found


def _settled(
    model: Model, chosen: Mapping[str, str]
) -> tuple[Mapping[str, float], Mapping[str, str]]:
    """The arguments and the settings that a point's names are."""
    arguments: dict[str, float] = {}
    settings: dict[str, str] = {}
    options: dict[str, dict[str, str]] = {}
    for name, value in chosen.items():
        if name in {a.name for a in model.checked.arguments}:
            arguments[name] = _number(name, value)
        elif name in {f.name for f in fields(Training)}:
            settings[name] = value
        else:
            setting, option = _option(model, name)
            options.setdefault(setting, {})[option] = value
    for setting, changed in options.items():
        if setting in settings:
            raise fail(
                "BM999",
                f"the grid has `{setting}` and an option of it",
                help=f"write the option into the values: `--grid {setting}=...(...)`",
            )
        settings[setting] = _with_options(getattr(model.checked.training, setting), changed)
    return arguments, settings


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise fail("BM999", f"`{name}` is an argument of the model, `{value}` no number") from None
    return int(number) if number.is_integer() else number


def _option(model: Model, name: str) -> tuple[str, str]:
    """The setting whose word has an option of this name, and the option."""
    setting, dot, option = name.partition(".")
    option = option if dot else setting
    words = {
        f.name: x
        for f in fields(Training)
        if isinstance(x := getattr(model.checked.training, f.name), Choice)
        and option in {o for o, _ in x.options}
        and (not dot or f.name == setting)
    }
    if len(words) != 1:
        several = " and ".join(f"`{s}.{option}`" for s in words)
        raise fail(
            "BM999",
            f"`{name}` may be {several}"
            if words
            else f"`{name}` is no argument of `{model.name}`, no setting, and no option of its"
            " train block's words",
            help="write which" if words else "`bm explain` lists a model's arguments",
        )
    return next(iter(words)), option


def _with_options(choice: Choice, changed: Mapping[str, str]) -> str:
    """A word as it is written, with other values of some options."""
    told = [f"{n} = {changed.get(n, _text(x))}" for n, x in choice.options]
    return f"{choice.name}({', '.join(told)})"


def _text(x: Any) -> str:
    return str(x).lower() if isinstance(x, bool) else repr(x) if isinstance(x, float) else str(x)


def tune(
    job: Job, points: Sequence[Point], out: Path, jobs: int, dask: str | None = None
) -> dict[Path, str | None]:
    """Trains a run for every point; folder → what went wrong, or None.

    `jobs` at a time, each in a process of its own if there are several, which divide the cores; or
    each on a worker of the Dask cluster whose scheduler is at the address `dask`. A run that fails
    leaves the others alone. Raises BM796 if a folder holds a run already that is not to be
    overwritten, BM994 if no scheduler answers.
    """
    folders = [out / p.folder for p in points]
    for folder in folders:
        verify_vacant(folder, job.overwrite)
    if dask is not None:
        from .dask_client import on_workers

        placed = _from_anywhere(job)
        work = [(placed, p, f.resolve()) for p, f in zip(points, folders, strict=True)]
        return dict(zip(folders, on_workers(dask, _train, work), strict=True))
    return dict(zip(folders, _in_processes(job, points, folders, jobs), strict=True))


def _from_anywhere(job: Job) -> Job:
    """The job as a process finds it that works in another folder, of the same file system.

    A worker that dies leaves a run behind, which the worker that takes its place overwrites.
    """
    file = Path(job.file)
    return replace(
        job,
        overwrite=True,
        file=str(file.resolve()) if file.is_file() else job.file,
        data=job.data and absolute(job.data),
        weights=job.weights and job.weights.resolve(),
        units=tuple(x.resolve() for x in job.units),
    )


def _in_processes(
    job: Job, points: Sequence[Point], folders: Sequence[Path], jobs: int
) -> list[str | None]:
    from joblib import Parallel, delayed, parallel_config

    threads = max(1, (os.cpu_count() or 1) // jobs)
    settled: dict[str, Any] = {} if jobs == 1 else {"inner_max_num_threads": threads}
    with parallel_config("loky", n_jobs=jobs, **settled):
        work = (delayed(_train)(job, p, f) for p, f in zip(points, folders, strict=True))
        return list(Parallel()(work))


def _train(job: Job, point: Point, folder: Path) -> str | None:
    """One run; what went wrong."""
    from ..model import text_of
    from ..units.unit_files import register_file
    from .train import start

    quiet = io.StringIO()
    with redirect_stderr(quiet), redirect_stdout(quiet), standing_as(Alone()):
        try:
            for file in job.units:
                register_file(file)
            arguments, settings = ({**a, **b} for a, b in _both(job, point))
            model = text_of(job.file).model(job.which, arguments, settings)
            start(model, job.data, folder, job.weights, job.dtype, None, job.overwrite)
        except BmError as error:
            return str(error)
    return None


def _both(job: Job, point: Point) -> tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]:
    return (job.arguments, point.arguments), (job.settings, point.settings)
