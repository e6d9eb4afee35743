"""A model at one value after another of its temperature or of an argument, with figures and their
errors: what `bm sample --scan` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files import put_text, with_ending
from ..inference.chain_statistics import split_rhat
from ..inference.observing import watched
from ..inference.reweighting import LEAST_OVERLAP, Records, overlap, reweighted
from ..inference.scan_figures import FIGURES, Estimate, jackknife, scan_figures
from ..language.diagnostics import fail, near
from ..training.progress import progress_line
from .sample import Subject, subject

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..inference.observing import Trace

DRAWS = 400
"""Most records of a chain at one value."""
BETWEEN = 8
"""Steps of the curve from one value to the next."""
ENDINGS = (".csv",)
MAIN = "abs_magnetization"
"""The figure whose panel is the large one."""
BETA, TEMPERATURE = "beta", "temperature"


@dataclass(frozen=True)
class Axis:
    """What is scanned, `beta`, `temperature`, or the name of an argument, and its values."""

    name: str
    values: tuple[float, ...]
    argument: bool = False
    """Whether an argument of the model has this name."""

    @property
    def thermal(self) -> bool:
        """Whether it multiplies the energy as a whole."""
        return self.name == BETA or (self.name == TEMPERATURE and not self.argument)

    def beta(self, value: float) -> float:
        """The inverse temperature at a value."""
        return 1.0 if not self.thermal else value if self.name == BETA else 1 / value


@dataclass(frozen=True)
class Point:
    """The figures at one value, and how well chains agree on the energy."""

    at: float
    figures: Mapping[str, Estimate]
    rhat: float


@dataclass(frozen=True)
class Curve:
    """Figures between the points, from all of them together."""

    at: tuple[float, ...]
    figures: Mapping[str, Sequence[Estimate]]


@dataclass(frozen=True)
class Scan:
    """All points of a scan and where they were written."""

    axis: Axis
    points: tuple[Point, ...]
    path: Path
    picture: Path
    curve: Curve | None = None
    """Of a scan over beta whose points lie close enough."""
    curve_path: Path | None = None


def axis_of(text: str) -> Axis:
    """`beta=0.3:0.6:13`: thirteen values from 0.3 to 0.6, evenly spaced.

    BmError BM926 for another form.
    """
    name, _, span = text.partition("=")
    parts = span.split(":")
    try:
        first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
        well_formed = len(parts) == 3 and bool(np.isfinite([first, last]).all())
    except (ValueError, IndexError):
        well_formed = False
    if well_formed and (count < 2 or first == last):
        why = f"goes from {first:g} to {last:g}" if count > 1 else f"has COUNT {count}"
        raise fail(
            "BM926",
            f"`--scan {text}` {why}, and so no step from one value to another",
            help="two values or more, as `beta=0.3:0.6:13`; for one value leave --scan out",
        )
    if well_formed:
        return Axis(name.strip(), tuple(float(x) for x in np.linspace(first, last, count)))
    raise fail(
        "BM926",
        f"`--scan {text}` is not of the form NAME=FROM:TO:COUNT",
        help="for instance `--scan beta=0.3:0.6:13`, or an argument of the model in place of beta",
    )


def scan(
    source: str,
    define: Mapping[str, float],
    seed: int | None,
    axis: Axis,
    chains: int,
    steps: int,
    burn_in: int,
    how: tuple[str, str],
    out: Path | None,
    progress: bool | None = None,
    observables: Sequence[str] = (),
) -> Scan:
    """`steps` sweeps at every value after `burn_in`, chains going on from the value before; a table
    (CSV) and a picture; over beta or temperature also a curve between the values, by reweighting.
    `how`: layout and moves. `observables` are figures too.

    BmError BM926 for an axis that is neither `beta`, `temperature` nor an argument of the model.
    """
    if axis.name == TEMPERATURE:
        axis = _of_temperature(source, define, axis)
    first = _subject(source, define, seed, axis, axis.values[0])
    target = with_ending(out or first.folder / "scan.csv", ENDINGS, ".csv")
    thin = max(1, steps // DRAWS)
    draws, points, traces = max(4, steps // thin), [], []
    each = burn_in + draws * thin
    state: dict[str, np.ndarray] | None = None
    with progress_line(each * len(axis.values), progress) as show:
        for k, value in enumerate(axis.values):
            s = first if k == 0 else _subject(source, define, seed, axis, value)
            s.machine.layout, s.machine.moves = how

            def told(sweep: int, done: int = k * each, value: float = value) -> None:
                show(done + sweep, {axis.name: value})

            run = chains, draws, thin, burn_in
            point, trace = _point(s.machine, axis, value, run, observables, state, told)
            points.append(point)
            traces.append(trace.values)
            state = dict(trace.state)
    between = _curve(axis, first.machine, traces)
    beside = target.with_name(f"{target.stem}_curve.csv") if between is not None else None
    found = Scan(axis, tuple(points), target, target.with_suffix(".png"), between, beside)
    put_text(target, table(found))
    if beside is not None:
        put_text(beside, curve_table(found))
    _draw(found, first.machine.model.name)
    return found


def table(found: Scan) -> str:
    """The figures as CSV, a value a line."""
    figures = list(found.points[0].figures)
    names = [x for n in figures for x in (n, f"{n}_error")]
    lines = [",".join(map(_cell, [found.axis.name, *names, "rhat"]))]
    for p in found.points:
        numbers = [x for n in figures for x in p.figures[n]]
        lines.append(",".join(f"{x:.10g}" for x in (p.at, *numbers, p.rhat)))
    return "\n".join(lines) + "\n"


def _cell(name: str) -> str:
    """A heading, in quotes if it has a comma."""
    return f'"{name}"' if "," in name else name


def curve_table(found: Scan) -> str:
    """The figures between the points as CSV."""
    assert found.curve is not None
    names = [x for n in FIGURES for x in (n, f"{n}_error")]
    lines = [",".join([found.axis.name, *names])]
    for k, at in enumerate(found.curve.at):
        numbers = [x for n in FIGURES for x in found.curve.figures[n][k]]
        lines.append(",".join(f"{x:.10g}" for x in (at, *numbers)))
    return "\n".join(lines) + "\n"


def _curve(
    axis: Axis, machine: Machine, traces: Sequence[Mapping[str, np.ndarray]]
) -> Curve | None:
    """What all chains together say of the temperatures between the points; None where neighbours
    have too few energies in common, or where it is no temperature that is scanned.
    """
    if not axis.thermal:
        return None
    energy, m = (np.stack([t[n] for t in traces]) for n in ("energy", "magnetization"))
    records = Records(np.array([axis.beta(x) for x in axis.values]), energy, m)
    if overlap(records) < LEAST_OVERLAP:
        return None
    steps = np.linspace(axis.values[0], axis.values[-1], BETWEEN * (len(axis.values) - 1) + 1)
    at = tuple(map(float, steps))
    return Curve(at, reweighted(records, [axis.beta(x) for x in at], _units(machine)))


def _units(machine: Machine) -> int:
    sizes, states = machine.program.sizes, machine.program.states
    return sum(sizes[n] // states[n] for n in machine.free)


def _subject(
    source: str, define: Mapping[str, float], seed: int | None, axis: Axis, value: float
) -> Subject:
    if axis.thermal:
        return subject(source, define, seed)
    if _is_trained(source):
        raise fail(
            "BM926",
            f"`{source}` is a trained machine, whose arguments are given: no `{axis.name}`",
            help="--scan beta=FROM:TO:COUNT",
        )
    known = _arguments(source, define)
    if axis.name not in known:
        close = near(axis.name, [*known, BETA, TEMPERATURE])
        raise fail(
            "BM926",
            f"`{axis.name}` is neither `beta`, `temperature` nor an argument of the model",
            help=f"did you mean `{close}`?"
            if close
            else f"there are {', '.join([BETA, TEMPERATURE, *known])}",
        )
    return subject(source, {**define, axis.name: value}, seed)


def _is_trained(source: str) -> bool:
    return Path(source).is_dir() or Path(source).suffix == ".safetensors"


def _arguments(source: str, define: Mapping[str, float]) -> list[str]:
    from ..model import load_named

    return [p.name.text for p in load_named(source, None, define).definition.arguments]


def _of_temperature(source: str, define: Mapping[str, float], axis: Axis) -> Axis:
    """The axis of 1/beta, or of the model's argument of that name. BmError BM926 for a temperature
    that is not above 0.
    """
    if not _is_trained(source) and TEMPERATURE in _arguments(source, define):
        return replace(axis, argument=True)
    if min(axis.values) <= 0:
        raise fail("BM926", "a temperature is above 0", help="--scan temperature=1.5:3.5:21")
    return axis


def _point(
    machine: Machine,
    axis: Axis,
    value: float,
    run: tuple[int, int, int, int],
    observables: Sequence[str],
    begin: dict[str, np.ndarray] | None,
    told: Callable[[int], None],
) -> tuple[Point, Trace]:
    beta = axis.beta(value)
    chains, draws, thin, burn_in = run
    others = watched(machine, observables)
    names = [x for x in observables if x not in ("energy", "magnetization")]
    trace = machine.observe(
        "energy",
        "magnetization",
        *names,
        n=chains,
        draws=draws,
        thin=thin,
        burn_in=burn_in,
        beta=beta,
        init=begin,
        progress=told,
    )
    energy, m = trace.values["energy"], trace.values["magnetization"]
    figures = scan_figures(energy, m, beta, _units(machine))
    for x in others:
        records = x.moments(np.stack([trace.values[n] for n in x.labels], axis=-1))
        figures |= jackknife(records, partial(x.figures, machine))
    agree = split_rhat(energy) if energy.std() else float("nan")
    return Point(value, figures, agree), trace


def _draw(found: Scan, model: str) -> None:
    from ..report.scan_picture import scan_picture

    at = [p.at for p in found.points]
    curves: dict[str, Sequence[Estimate]] = {
        FIGURES.get(n, n): [p.figures[n] for p in found.points]
        for n in sorted(found.points[0].figures, key=lambda n: n != MAIN)
        if "[" not in n  # one of many numbers: in the table
    }
    lines: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
    if found.curve is not None:
        for n, label in FIGURES.items():
            lines[label] = found.curve.at, [x.value for x in found.curve.figures[n]]
    scan_picture(found.axis.name, at, curves, lines, found.picture, model)
