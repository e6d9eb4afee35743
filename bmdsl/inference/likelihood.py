"""Test log-likelihood of a run in nats, with what can be said against it: exact where it can be,
else by AIS and reverse AIS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.streams.view import in_memory
from ..language.diagnostics import BmError, fail
from ..runtime.missing import missing_cases
from .baselines import Baseline, verdict
from .conditional_likelihood import ConditionalLikelihood, measure_given
from .gaps import Gaps
from .importance import LogPartition

if TYPE_CHECKING:
    from .importance import Progress
    from .machine import Machine


@dataclass(frozen=True)
class Part:
    """Mean over the cases of −F(v), or of mean field's bound on it, and its standard error over the
    cases; nats.
    """

    name: str
    cases: int
    mean: float
    spread: float
    gaps: Gaps


@dataclass(frozen=True)
class Likelihood:
    """log P(v) = −F(v) − log Z. `estimate` is None where log Z is exact; `bound` where −F(v) is
    mean field's lower bound.
    """

    parts: tuple[Part, ...]
    log_z: float
    estimate: LogPartition | None
    bound: bool
    baselines: tuple[tuple[Baseline, ...], ...] = ()
    """Of every part, simple models of its cases, fitted to the first part's."""

    def value(self, part: Part) -> float:
        """Mean log-likelihood in nats, by forward AIS where log Z is estimated: too high on
        average.
        """
        return part.mean - self.log_z

    def rows(self) -> list[tuple[str, ...]]:
        """A table: one column a part of the data."""
        rows: list[tuple[str, ...]] = [
            ("", *(p.name for p in self.parts)),
            ("cases", *(f"{p.cases:,}" for p in self.parts)),
        ]
        what = "log-likelihood, at least" if self.bound else "log-likelihood"
        if self.estimate is None:
            return [
                *rows,
                (what, *(f"{self.value(p):.2f} ± {p.spread:.2f}" for p in self.parts)),
                *self._baseline_rows(),
            ]
        for by, side in (("AIS", self.estimate.forward), ("reverse AIS", self.estimate.reverse)):
            if side is not None:
                rows.append(
                    (
                        f"{what}, {by}",
                        *(
                            f"{p.mean - side.value:.2f} ±"
                            f" {sqrt(p.spread**2 + side.std_error**2):.2f}"
                            for p in self.parts
                        ),
                    )
                )
        return [*rows, *self._baseline_rows()]

    def _baseline_rows(self) -> list[tuple[str, ...]]:
        names = [x.name for x in self.baselines[0]] if self.baselines else []
        common = [n for n in names if all(n in {x.name for x in part} for part in self.baselines)]
        return [
            (
                f"  of {n}",
                *(
                    f"{x.log_likelihood:.2f}"
                    for part in self.baselines
                    for x in part
                    if x.name == n
                ),
            )
            for n in common
        ]

    def _worse(self) -> list[str]:
        said = [
            (p, verdict(None if self.bound else self.value(p), found))
            for p, found in zip(self.parts, self.baselines, strict=False)
        ]
        return [f"warning: {p.name}: {why}" for p, why in said if why]

    def notes(self) -> list[str]:
        """How log Z was found, and what speaks against it."""
        cases = ", ".join(f"{p.cases:,}" for p in self.parts)
        several = len(self.parts) > 1
        said = [
            f"{p.name}: {note}" if several else note for p in self.parts for note in p.gaps.notes()
        ]
        meaning = f"± is the standard error: of the mean over {cases} independent cases"
        if self.estimate is None:
            return [
                *said,
                f"log Z = {self.log_z:.2f} nats, by enumeration",
                meaning,
                *self._worse(),
            ]
        meaning += (
            f", and of log Z over {self.estimate.forward.effective:,.0f} effective of"
            f" {self.estimate.chains:,} chains"
        )
        return [
            *said,
            str(self.estimate),
            meaning,
            *(["warning: " + self.estimate.doubt] if self.estimate.doubt else []),
            *self._worse(),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        out: dict[str, Any] = {
            "bound": self.bound,
            "exact": self.estimate is None,
            "log_z": self.log_z,
        }
        if self.estimate is not None:
            e = self.estimate
            out |= {
                "std_error": e.std_error,
                "effective": e.forward.effective,
                "chains": e.chains,
                "temperatures": len(e.betas) - 1,
                "doubt": e.doubt,
            }
            if e.reverse is not None:
                out |= {
                    "reverse": {
                        "log_z": e.reverse.value,
                        "std_error": e.reverse.std_error,
                        "effective": e.reverse.effective,
                    }
                }
        return out | {
            "parts": [
                {
                    "part": p.name,
                    "cases": p.cases,
                    "log_likelihood": self.value(p),
                    "std_error": p.spread,
                    "notes": p.gaps.notes(),
                }
                for p in self.parts
            ],
            "baselines": [{x.name: x.log_likelihood for x in part} for part in self.baselines],
        }


def measure(
    machine: Machine,
    parts: Sequence[tuple[str, Mapping[str, np.ndarray]]],
    chains: int,
    steps: int,
    start: Mapping[str, np.ndarray] | None = None,
    progress: Progress | None = None,
    weights: Sequence[np.ndarray | None] | None = None,
) -> Likelihood | ConditionalLikelihood:
    """The likelihood of prepared cases; the first part gives AIS its base rates. `start`: samples
    that reverse AIS begins at, group → [n, *axes].
    `weights`: those of each part's cases, None where all are the same; a case of weight 0 is not
    there.

    With given groups x, log P(v | x): log Z is that of each case. Where entries are missing, that
    of what was seen. BmError BM751 where nothing was seen of any case, with given groups where no
    case is without missing values.
    """
    each = [None] * len(parts) if weights is None else list(weights)
    there = [
        np.ones(len(next(iter(data.values()))), bool) if w is None else w > 0
        for (_, data), w in zip(parts, each, strict=True)
    ]
    parts = [
        (name, {n: x[r] for n, x in data.items()})
        for (name, data), r in zip(parts, there, strict=True)
    ]
    each = [None if w is None else w[r] for w, r in zip(each, there, strict=True)]
    if machine.given:
        whole = [
            (name, {n: x[~missing_cases(data)] for n, x in data.items()}) for name, data in parts
        ]
        if not all(len(next(iter(data.values()))) for _, data in whole):
            raise fail(
                "BM751",
                "every case has a missing value",
                help="with given groups a likelihood is that of whole cases",
            )
        return measure_given(machine, whole, chains, steps, progress)
    gaps = [(name, data, Gaps.of(machine, data)) for name, data in parts]
    if not all(g.seen.any() for _, _, g in gaps):
        raise fail(
            "BM751", "of no case was anything seen", help="a likelihood is that of what was seen"
        )
    try:
        log_z: float = float(machine.log_partition())
        estimate = None
    except BmError:
        first = in_memory(gaps[0][1])  # some of the cases, where they are a stream
        seen = Gaps.of(machine, first).most_whole(first)
        found_z = machine.estimate_log_partition(
            seen, chains=chains, steps=steps, start=start, progress=progress
        )
        assert isinstance(found_z, LogPartition)
        estimate, log_z = found_z, found_z.value
    with machine.frozen():
        found = [(name, *g.scored(machine, data)) for name, data, g in gaps]
    if not all(len(x) for _, x, _ in found):
        raise fail(
            "BM751",
            "of no case has what was seen a free energy that is exact or bounded",
            help="leave fewer entries missing",
        )
    made = tuple(
        Part(name, len(x), *mean_error(x, None if w is None else w[g.seen & ~g.left_out]), g)
        for (name, x, g), w in zip(found, each, strict=True)
    )
    return Likelihood(made, log_z, estimate, any(g.bounded.any() for _, _, g in found))


def mean_error(values: np.ndarray, weights: np.ndarray | None) -> tuple[float, float]:
    """Σ w x / Σ w and its standard error, sqrt(n / (n − 1) Σ w² (x − mean)²) / Σ w, over n
    independent cases; 0 for one case.
    """
    w = np.ones(len(values)) if weights is None else weights
    mean, n = float(np.average(values, weights=w)), int(np.count_nonzero(w))
    return mean, (
        float(np.sqrt(n / (n - 1) * np.sum((w * (values - mean)) ** 2)) / np.sum(w))
        if n > 1
        else 0.0
    )
