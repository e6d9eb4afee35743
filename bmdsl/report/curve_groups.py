"""Figures of a training grouped by the question that they answer, as panels of curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..markup.svg_curves import Panel

OTHERS = "Further figures"
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("How good is the model?", ("log_likelihood", "bound", "pseudo_likelihood", "validation")),
    ("Does it follow the data?", ("reconstruction_error", "contrastive_free_energy")),
    ("Does it learn the cases by heart?", ("free_energy_gap",)),
    ("Do the chains follow the model?", ("energy_gap", "chain_memory", "swap_rate", "log_z")),
    ("Does it still learn?", ("gradient_norm", "gradient_signal", "rate")),
    ("Are units of use?", ("dead", "saturated", "width", "entropy")),
)
"""Titles, and what names of figures begin with."""
NATS = {
    "log_likelihood",
    "bound",
    "pseudo_likelihood",
    "free_energy_gap",
    "energy_gap",
    "log_z",
    "entropy",
    "contrastive_free_energy",
}
SHARES = {"dead", "saturated", "swap_rate"}
WITHOUT = ("epoch", "update", "seconds")
BETTER_HIGH = ("log_likelihood", "bound", "pseudo_likelihood")


@dataclass(frozen=True)
class CurveGroup:
    """A question, and the panels that answer it."""

    title: str
    panels: tuple[Panel, ...]


def figure_names(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the numbers in the lines of metrics, in order of their first appearance."""
    found = dict.fromkeys(
        n for line in metrics for n, x in line.items() if isinstance(x, int | float)
    )
    return [n for n in found if n not in WITHOUT]


def points_of(metrics: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    """(epoch, value) of the lines that have this figure."""
    return [(float(m["epoch"]), float(m[name])) for m in metrics if name in m]


def unit_of(name: str) -> str:
    """`nats`, `shares` or nothing."""
    for unit, names in (("nats", NATS), ("shares", SHARES)):
        if any(name == n or name.startswith(n + "_") for n in names):
            return unit
    return ""


def panel_of(
    name: str,
    runs: Mapping[str, Sequence[Mapping[str, Any]]],
    colours: Mapping[str, str] | None = None,
) -> Panel | None:
    """One figure of one or several runs on one scale, each in its colour; None if it is nowhere,
    never changes, or was measured but once.
    """
    curves = {label: points_of(metrics, name) for label, metrics in runs.items()}
    curves = {label: points for label, points in curves.items() if points}
    values = {y for points in curves.values() for _, y in points}
    if len(values) < 2 or max(map(len, curves.values())) < 2:
        return None
    return Panel(name.replace("_", " "), curves, unit=unit_of(name), colours=colours or {})


def curve_groups(
    metrics: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[CurveGroup]:
    """Panels by question, of one run or of several by their names; figures that never change are
    left out, and so are questions without a figure.
    """
    runs = metrics if isinstance(metrics, Mapping) else {"": metrics}
    names = list(dict.fromkeys(n for lines in runs.values() for n in figure_names(lines)))
    names = [n for n in names if not n.startswith("usage_")]
    out, used = [], set()
    for title, starts in GROUPS:
        own = [n for s in starts for n in names if n == s or n.startswith(s + "_")]
        own = [n for n in dict.fromkeys(own) if n not in used]
        used.update(own)
        drawn = tuple(p for n in own if (p := panel_of(n, runs)) is not None)
        out += [CurveGroup(title, drawn)] if drawn else []
    rest = tuple(p for n in names if n not in used and (p := panel_of(n, runs)) is not None)
    return [*out, CurveGroup(OTHERS, rest)] if rest else out
