"""Test log-likelihood of models with given groups: log P(v | x) in nats, each case at its own x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..language.diagnostics import BmError
from .conditional_partition import LogPartitions, distinct, exact_log_partitions
from .observed_scores import BITS

if TYPE_CHECKING:
    from .importance import Progress
    from .machine import Machine


@dataclass(frozen=True)
class ConditionalPart:
    """Mean of log P(v | x) over a part's cases, in nats, by every way that log Z(x) was found."""

    name: str
    cases: int
    means: Mapping[str, float]
    """Way → mean: "exact"; or "AIS", too high on average, and "reverse AIS", too low."""
    errors: Mapping[str, float]
    """Way → standard error: of the mean over the cases, and of log Z."""


@dataclass(frozen=True)
class ConditionalLikelihood:
    """log P(v | x) = −F(v, x) − log Z(x). `estimates` of each part are empty if log Z is exact.

    `bound`: −F is mean field's lower bound.
    """

    what: str
    parts: tuple[ConditionalPart, ...]
    estimates: tuple[LogPartitions, ...]
    bound: bool

    def rows(self) -> list[tuple[str, ...]]:
        """A table: one column per part of the data."""
        out: list[tuple[str, ...]] = [
            ("", *(p.name for p in self.parts)),
            ("cases", *(f"{p.cases:,}" for p in self.parts)),
        ]
        label = self.what + (", at least" if self.bound else "")
        for way in self.parts[0].means:
            found = (f"{p.means[way]:.2f} ± {p.errors[way]:.2f}" for p in self.parts)
            out.append((label if way == "exact" else f"{label}, {way}", *found))
        return out

    def notes(self) -> list[str]:
        """How log Z was found, and what speaks against it."""
        cases = ", ".join(f"{p.cases:,}" for p in self.parts)
        meaning = f"± is the standard error: of the mean over {cases} independent cases"
        if not self.estimates:
            return ["log Z of each case, by summing over all states", meaning]
        doubts = dict.fromkeys(e.doubt for e in self.estimates if e.doubt)
        return [
            *(str(e) for e in self.estimates),
            meaning + ", and of log Z over its chains",
            *(f"warning: {doubt}" for doubt in doubts),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        parts = []
        for k, p in enumerate(self.parts):
            first, *others = p.means
            one = {"part": p.name, "cases": p.cases}
            one |= {"log_likelihood": p.means[first], "std_error": p.errors[first]}
            if self.estimates:
                e = self.estimates[k]
                one |= {"given_values": len(e.forward.value), "chains": e.chains}
                one |= {"temperatures": len(e.betas) - 1, "doubt": e.doubt}
            if others:
                one |= {
                    "reverse": {
                        "log_likelihood": p.means[others[0]],
                        "std_error": p.errors[others[0]],
                    }
                }
            parts.append(one)
        return {"bound": self.bound, "exact": not self.estimates, "what": self.what, "parts": parts}


def measure_given(
    machine: Machine,
    parts: Sequence[tuple[str, Mapping[str, np.ndarray]]],
    chains: int,
    steps: int,
    progress: Progress | None = None,
) -> ConditionalLikelihood:
    """log P(v | x) of prepared whole cases; log Z of each distinct x is exact if that costs little.

    Otherwise by AIS, its base rates those of the first part.
    """
    from .observed_scores import minus_free_energies

    what = f"log P({', '.join(machine.visible)} | {', '.join(machine.given)})"
    minus_free, bounds = [], []
    with machine.frozen():
        for _, data in parts:
            values, bound = minus_free_energies(machine, data)
            minus_free.append(values)
            bounds.append(bool(bound.any()))
    exact = _exact(machine, parts)
    if exact is not None:
        found = [
            _part(name, {"exact": (free - log_z, 0.0)})
            for (name, _), free, log_z in zip(parts, minus_free, exact, strict=True)
        ]
        return ConditionalLikelihood(what, tuple(found), (), any(bounds))
    made, estimates = [], []
    for k, (name, data) in enumerate(parts):
        given = {n: data[n] for n in machine.given}
        e = machine.estimate_log_partition(
            dict(parts[0][1]),
            given=given,
            chains=chains,
            steps=steps,
            progress=_shifted(progress, k, len(parts)),
        )
        assert isinstance(e, LogPartitions)
        ways = {"AIS": (minus_free[k] - e.value, e.mean(e.forward)[1])}
        if e.reverse is not None:
            log_z = e.reverse.value[e.index]
            ways["reverse AIS"] = (minus_free[k] - log_z, e.mean(e.reverse)[1])
        made.append(_part(name, ways))
        estimates.append(e)
    return ConditionalLikelihood(what, tuple(made), tuple(estimates), any(bounds))


def _part(name: str, ways: Mapping[str, tuple[np.ndarray, float]]) -> ConditionalPart:
    """Of each way's log-likelihoods [cases], and the standard error of their mean log Z.

    Cases that share x share the error of its log Z, which the spread over the cases does not show.
    """
    means, errors, cases = {}, {}, 0
    for way, (values, error) in ways.items():
        cases = len(values)
        spread = float(values.std(ddof=1) / sqrt(cases)) if cases > 1 else 0.0
        means[way], errors[way] = float(values.mean()), sqrt(spread**2 + error**2)
    return ConditionalPart(name, cases, means, errors)


def _exact(
    machine: Machine, parts: Sequence[tuple[str, Mapping[str, np.ndarray]]]
) -> list[np.ndarray] | None:
    """log Z of each part's cases; None if it takes too many states."""
    out = []
    for _, data in parts:
        at = {n: machine.program.flat(n, data[n]) for n in machine.given}
        count = len(next(iter(distinct(at)[0].values())))
        try:
            out.append(exact_log_partitions(machine, at, BITS - log2(count)))
        except BmError:
            return None
    return out


def _shifted(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Progress of one of several equal parts."""
    if progress is None:
        return None
    return lambda done, total: progress(part * total + done, parts * total)
