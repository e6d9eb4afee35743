"""What a machine makes, beside the data: images of both, or means and pairs of their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from ..language.diagnostics import BmError
from ..markup.svg_bars import scatter
from .affordable import affordable
from .page import Markup, beside, element, picture
from .pictures import samples
from .plots import tiles
from .subject import Subject
from .table_columns import covariances

SHOWN = 36
CHAINS, SWEEPS = 1000, 300
MAX_CASES = 10_000
MAX_UNITS, MAX_PAIRS = 200, 400
"""Units that are compared, and pairs that are drawn, evenly chosen among all."""


@dataclass(frozen=True)
class Points:
    """Means of units, and of products of two, as (data, samples), with a sentence on both."""

    said: str
    means: Sequence[tuple[float, float]]
    pairs: Sequence[tuple[float, float]]


def made_beside_data(subject: Subject, place: Path) -> tuple[str, Markup]:
    """A sentence and the HTML of a picture; both empty where there is nothing to show: no cases, or
    a model that needs given values.
    """
    if subject.shown is not None and subject.cases and not subject.machine.given:
        return _images(subject, place)
    found = points_of(subject)
    return ("", Markup()) if found is None else (found.said, drawn_beside({"": found}))


def _images(subject: Subject, place: Path) -> tuple[str, Markup]:
    shown = subject.shown
    assert shown is not None
    machine, shape = subject.machine, subject.images[shown]
    if subject.chains:
        states = {n: machine.program.shaped(n, x[:SHOWN]) for n, x in subject.chains.items()}
        made, how = samples.seen(machine, shown, states), "the training's persistent chains"
    else:
        how, made = samples.fresh(machine, shown)
    rows = subject.in_data_units(made)[:SHOWN]
    data = subject.in_data_units(np.asarray(subject.cases[shown], np.float64))[: len(rows)]
    files = []
    for name, values in (("data", data), ("samples", rows)):
        files.append(place / f"answer_{name}.png")
        tiles(values, shape, files[-1], "", diverging=False)
    return (
        f"Means of the pixels given the hidden units, of {how}, beside cases of the data.",
        beside(picture(files[0], "data"), picture(files[1], "samples")),
    )


def points_of(subject: Subject) -> Points | None:
    """Means of units, and of products of two, in the data and in samples; None where there is
    nothing to show, or a picture of images says more.
    """
    machine = subject.machine
    if machine.given or not (subject.cases or subject.rows):
        return None
    if subject.shown is not None and subject.cases:
        return None
    sweeps = affordable(machine, CHAINS, SWEEPS)
    try:
        states = machine.sample(CHAINS, steps=sweeps)
    except BmError:
        return None  # a model that cannot be sampled has nothing to show here
    cases = {n: x[:MAX_CASES] for n, x in (subject.rows or subject.cases).items()}
    data, made = (
        np.hstack([np.asarray(x[n], np.float64).reshape(len(x[n]), -1) for n in machine.visible])
        for x in (cases, states)
    )
    every = -(-data.shape[1] // MAX_UNITS)
    data, made = data[:, ::every], made[:, ::every]
    gaps = bool(np.isnan(data).any())
    seen = (~np.isnan(data)).sum(axis=0) > 1
    data, made = data[:, seen], made[:, seen]
    if not data.shape[1]:
        return None
    chosen = list(combinations(range(data.shape[1]), 2))
    chosen = chosen[:: max(1, -(-len(chosen) // MAX_PAIRS))]
    means = list(zip(np.nanmean(data, axis=0), made.mean(axis=0), strict=True))
    both = covariances(data), covariances(made)
    pairs = [(float(both[0][i, j]), float(both[1][i, j])) for i, j in chosen]
    pairs = [p for p in pairs if np.isfinite(p).all()]
    of = ", each mean and pair over those that have it" if gaps else ""
    return Points(
        f"{CHAINS:,} samples after {sweeps:,} sweeps beside {len(data):,} cases{of}: on the"
        " diagonal both agree.",
        [(float(x), float(y)) for x, y in means],
        pairs,
    )


def drawn_beside(runs: Mapping[str, Points], colours: Mapping[str, str] | None = None) -> Markup:
    """The points of one run or of several on common axes, each run in its colour."""
    drawn = scatter(
        {n: p.means for n, p in runs.items()}, "means of units", "data", "samples", colours
    )
    drawn += scatter(
        {n: p.pairs for n, p in runs.items()}, "covariances of pairs", "data", "samples", colours
    )
    return element("div", Markup(drawn), class_="beside")
