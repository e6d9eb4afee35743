"""How well a machine describes data: reconstruction error, free energy, exact log-likelihood where
states can be enumerated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import TYPE_CHECKING, Any

import numpy as np

from ..language.diagnostics import BmError
from .conditional_partition import distinct, exact_log_partitions
from .gaps import Gaps
from .observed_scores import BITS
from .reconstruction_errors import spreads, squared_errors, unseen_needed
from .shared_cases import over_cases

if TYPE_CHECKING:
    from .machine import Machine

LIKELIHOOD = "log-likelihood"
"""The row that baselines stand below."""


@dataclass(frozen=True)
class Figures:
    """Means over the cases: squared error of E[v | E[h | v]] an entry; F(v) and log P(v) in nats,
    None where not exact.
    """

    part: str
    cases: int
    reconstruction_error: float | None
    free_energy: float | None
    log_likelihood: float | None
    notes: tuple[str, ...] = field(default=())
    class_errors: Mapping[str, float] = field(default_factory=dict)
    """Visible one-of-K unit → share of the cases whose most probable state given the rest, P(y |
    v), is not theirs.
    """
    bound: bool = False
    """Whether −F of some cases, with missing values, is mean field's lower bound."""

    @property
    def note(self) -> str:
        return "; ".join(self.notes)

    def rows(self) -> list[tuple[str, ...]]:
        """Names and values, for a table."""
        return [
            ("cases", f"{self.cases:,}"),
            ("reconstruction error", _shown(self.reconstruction_error)),
            ("free energy", _shown(self.free_energy, " nats", "at most " * self.bound)),
            (LIKELIHOOD, _shown(self.log_likelihood, " nats", "at least " * self.bound)),
            *(
                (f"error of {name}", f"{100 * share:.2f} %")
                for name, share in self.class_errors.items()
            ),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "part": self.part,
            "cases": self.cases,
            "reconstruction_error": self.reconstruction_error,
            "free_energy": self.free_energy,
            "log_likelihood": self.log_likelihood,
            "class_errors": dict(self.class_errors),
            "notes": list(self.notes),
            "bound": self.bound,
        }


def _shown(value: float | None, unit: str = "", side: str = "") -> str:
    return "not exact here" if value is None else f"{side}{value:.5g}{unit}"


def figures(
    machine: Machine, data: Mapping[str, np.ndarray], part: str, weights: np.ndarray | None = None
) -> Figures:
    """Figures of prepared data, means with `weights`; of what was seen of cases with missing
    values. Cases of weight 0 are left out.
    """
    if weights is not None and not weights.all():
        data, weights = {n: x[weights > 0] for n, x in data.items()}, weights[weights > 0]
    gaps = Gaps.of(machine, data)
    seen, count = gaps.of_seen(data), int(gaps.seen.sum())
    if not count:
        return Figures(part, 0, None, None, None, tuple(gaps.notes()))
    of_seen = None if weights is None else weights[gaps.seen]
    wrong, notes = (
        _squared_errors(machine, seen, gaps.missing[gaps.seen], of_seen)
        if machine.reconstructed
        else (None, [])
    )
    mean = log_z = None
    if worth(machine, machine.hidden, count):
        values, gaps = gaps.scored(machine, data)
        rests = gaps.seen & ~gaps.left_out
        w = None if weights is None else weights[rests]
        if len(values):
            mean = -float(np.average(values, weights=w))
            log_z = _exact_log_z(machine, {n: x[rests] for n, x in data.items()}, w)
    likelihood = -mean - log_z if mean is not None and log_z is not None else None
    return Figures(
        part,
        count,
        wrong,
        mean,
        likelihood,
        (*gaps.notes(), *notes),
        _class_errors(machine, seen, of_seen),
        bool(gaps.bounded.any()),
    )


def _exact_log_z(
    machine: Machine, data: Mapping[str, np.ndarray], weights: np.ndarray | None
) -> float | None:
    """log Z, with given groups x the mean of log Z(x) over the cases; None where it takes too many
    states.
    """
    if not machine.given:
        return float(machine.log_partition()) if worth(machine, machine.free, 1) else None
    at = {n: machine.program.flat(n, data[n]) for n in machine.given}
    if not worth(machine, machine.free, len(next(iter(distinct(at)[0].values())))):
        return None
    return float(np.average(exact_log_partitions(machine, at), weights=weights))


def _squared_errors(
    machine: Machine,
    data: Mapping[str, np.ndarray],
    missing: np.ndarray,
    weights: np.ndarray | None,
) -> tuple[float | None, list[str]]:
    """Mean over the cases of (E[v | E[h | seen]] − v)² a unit that was seen, of all visible groups,
    those of several in units of their variance; and what is left out.
    """
    notes: list[str] = []
    if missing.any() and unseen_needed(machine, data):
        notes.append(
            f"the reconstruction error is that of the {int((~missing).sum()):,} cases without"
            " missing values"
        )
        data, weights = (
            {n: x[~missing] for n, x in data.items()},
            None if weights is None else weights[~missing],
        )
    if not len(next(iter(data.values()))):
        return None, notes
    spread = spreads(machine, data)
    found = over_cases(lambda c: squared_errors(machine, c, spread), data)
    known = found[:, 1] > 0
    return (
        float(np.average(found[known, 0], weights=None if weights is None else weights[known]))
        if known.any()
        else None
    ), notes


def _class_errors(
    machine: Machine, data: Mapping[str, np.ndarray], weights: np.ndarray | None
) -> dict[str, float]:
    """Errors of every visible one-of-K unit by its posterior given all other groups that are not
    hidden, over the cases whose state was seen.
    """
    out = {}
    for name in machine.visible:
        if machine.program.plan.is_one_unit(name) and len(machine.visible) > 1:
            seen = ~np.isnan(data[name]).any(1)
            if seen.any():

                def is_right(c: dict[str, np.ndarray], name: str = name) -> np.ndarray:
                    others = {n: x for n, x in c.items() if n != name}
                    told = machine.posterior(**others)[name].argmax(1)
                    return np.asarray(told == c[name].argmax(1))

                right = over_cases(is_right, {n: x[seen] for n, x in data.items()})
                out[name] = 1 - float(
                    np.average(right, weights=None if weights is None else weights[seen])
                )
    return out


def worth(machine: Machine, groups: Sequence[str], cases: int) -> bool:
    """Whether summing `groups` out takes few enough states: none, or 2^bits for all cases
    together.
    """
    from .enumeration import choose, log2_states

    try:
        chosen = choose(machine.program, groups, "this figure")
    except BmError:
        return False
    bits = sum(log2_states(machine.program, n) for n in chosen)
    return not bits or bits + log2(cases) <= BITS
