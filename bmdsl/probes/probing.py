"""How much a run's features say of labels it never saw: a classifier on them, with training,
validation and test cases kept apart.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from .. import registry
from ..language.diagnostics import fail, near
from ..plan.streams import of_cases

VALIDATION, TEST = 1 / 6, 1 / 4
"""Of the training cases, those that choose the classifier's setting; of a set without a test part,
those that only judge.
"""


@dataclass(frozen=True)
class Probe:
    """Errors as shares of the cases of each part; `setting` was chosen by the validation error
    alone.
    """

    name: str
    features: str
    width: int
    setting: float
    cases: tuple[int, int, int]
    errors: tuple[float, float, float]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """A table: parts, cases, errors with the standard error that so many cases give."""
        rows: list[tuple[str, ...]] = [
            ("", "training", "validation", "test"),
            ("cases", *(f"{n:,}" for n in self.cases)),
        ]
        spread = [(e * (1 - e) / n) ** 0.5 for e, n in zip(self.errors, self.cases, strict=True)]
        return [
            *rows,
            (
                "error",
                *(
                    f"{100 * e:.2f} % ± {100 * s:.2f}"
                    for e, s in zip(self.errors, spread, strict=True)
                ),
            ),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        parts = ("training", "validation", "test")
        return {
            "probe": self.name,
            "features": self.features,
            "width": self.width,
            "setting": self.setting,
            "notes": list(self.notes),
            "cases": dict(zip(parts, self.cases, strict=True)),
            "errors": dict(zip(parts, self.errors, strict=True)),
        }


def classifier(name: str) -> ModuleType:
    """The classifier of this name. BmError BM927 if there is none."""
    known = registry.discover("bmdsl.probes")
    if name not in known:
        close = near(name, known)
        raise fail(
            "BM927",
            f"there is no probe `{name}`",
            help=f"did you mean `{close}`?" if close else f"probes are {', '.join(known)}",
        )
    return known[name]


def judge(
    name: str,
    features: str,
    x: Sequence[np.ndarray],
    y: Sequence[np.ndarray],
    seed: int,
    say: Callable[[str], None],
) -> Probe:
    """Fits the classifier `name` to features x, [cases, width] of each part of the data, and their
    labels y.

    Of a single part TEST is held out to judge by. Features are scaled by the training cases' mean
    and spread; the setting with the least validation error is kept, then judged once on the test
    cases.
    """
    made_by, x, y = classifier(name), list(x), list(y)
    order = of_cases("PROBE", seed).permutation(len(x[0]))
    if len(x) == 1:
        cut = round(TEST * len(order))
        x, y = [x[0][order[cut:]], x[0][order[:cut]]], [y[0][order[cut:]], y[0][order[:cut]]]
        order = np.arange(len(x[0]))
    held = round(VALIDATION * len(order))
    mean, spread = x[0][order[held:]].mean(0), x[0][order[held:]].std(0)
    spread[spread < 1e-6 * max(1e-30, float(spread.max(initial=0)))] = (
        1.0  # a feature that never changes says nothing
    )
    scaled = [(z - mean) / spread for z in x]
    sets = [
        (scaled[0][order[held:]], y[0][order[held:]]),
        (scaled[0][order[:held]], y[0][order[:held]]),
        (scaled[1], y[1]),
    ]
    best: tuple[float, float, Any] | None = None
    notes: list[str] = []
    for value in made_by.GRID:
        say(f"{name}({value:g})")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            made = made_by.make(value).fit(*sets[0])
        if any("onverge" in str(w.message) for w in caught):
            notes.append(f"{name}({value:g}) had not converged")
        error = float(np.mean(made.predict(sets[1][0]) != sets[1][1]))
        if best is None or error < best[0]:
            best = (error, value, made)
    assert best is not None
    train, test = (float(np.mean(best[2].predict(z) != t)) for z, t in (sets[0], sets[2]))
    return Probe(
        name,
        features,
        x[0].shape[1],
        best[1],
        (len(sets[0][1]), held, len(sets[2][1])),
        (train, best[0], test),
        tuple(notes),
    )
