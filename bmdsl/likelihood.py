"""Test log-likelihood of a run in nats, with what can be said against it: exact where it can be, else by AIS and reverse AIS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .chunks import by_chunks
from .gaps import Gaps
from .inference.observed_scores import scores
from .language.diagnostics import BmError, fail

if TYPE_CHECKING:
    from .inference.importance import LogPartition, Progress
    from .inference.machine import Machine


@dataclass(frozen=True)
class Part:
    """Mean over the cases of −F(v), or of mean field's bound on it, and its standard error over the cases; nats."""

    name: str
    cases: int
    mean: float
    spread: float
    gaps: Gaps


@dataclass(frozen=True)
class Likelihood:
    """log P(v) = −F(v) − log Z. `estimate` is None where log Z is exact; `bound` where −F(v) is mean field's lower bound."""

    parts: tuple[Part, ...]
    log_z: float
    estimate: LogPartition | None
    bound: bool

    def value(self, part: Part) -> float:
        """Mean log-likelihood in nats, by forward AIS where log Z is estimated: too high on average."""
        return part.mean - self.log_z

    def rows(self) -> list[tuple[str, ...]]:
        """A table: one column a part of the data."""
        rows: list[tuple[str, ...]] = [("", *(p.name for p in self.parts)), ("cases", *(f"{p.cases:,}" for p in self.parts))]
        what = "log-likelihood, at least" if self.bound else "log-likelihood"
        if self.estimate is None:
            return [*rows, (what, *(f"{self.value(p):.2f} ± {p.spread:.2f}" for p in self.parts))]
        for by, side in (("AIS", self.estimate.forward), ("reverse AIS", self.estimate.reverse)):
            if side is not None:
                rows.append((f"{what}, {by}", *(f"{p.mean - side.value:.2f} ± {sqrt(p.spread**2 + side.std_error**2):.2f}" for p in self.parts)))
        return rows

    def notes(self) -> list[str]:
        """How log Z was found, and what speaks against it."""
        cases = ", ".join(f"{p.cases:,}" for p in self.parts)
        several = len(self.parts) > 1
        said = [f"{p.name}: {note}" if several else note for p in self.parts for note in p.gaps.notes()]
        meaning = f"± is the standard error: of the mean over {cases} independent cases"
        if self.estimate is None:
            return [*said, f"log Z = {self.log_z:.2f} nats, by enumeration", meaning]
        meaning += f", and of log Z over {self.estimate.forward.effective:,.0f} effective of {self.estimate.chains:,} chains"
        return [*said, str(self.estimate), meaning, *(["warning: " + self.estimate.doubt] if self.estimate.doubt else [])]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        out: dict[str, Any] = {"bound": self.bound, "exact": self.estimate is None, "log_z": self.log_z}
        if self.estimate is not None:
            e = self.estimate
            out |= {"std_error": e.std_error, "effective": e.forward.effective, "chains": e.chains, "temperatures": len(e.betas) - 1, "doubt": e.doubt}
            if e.reverse is not None:
                out |= {"reverse": {"log_z": e.reverse.value, "std_error": e.reverse.std_error, "effective": e.reverse.effective}}
        return out | {"parts": [{"part": p.name, "cases": p.cases, "log_likelihood": self.value(p), "std_error": p.spread, "notes": p.gaps.notes()}
                                for p in self.parts]}  # fmt: skip


def measure(machine: Machine, parts: Sequence[tuple[str, Mapping[str, np.ndarray]]], chains: int, steps: int,
            start: Mapping[str, np.ndarray] | None = None, progress: Progress | None = None) -> Likelihood:  # fmt: skip
    """The likelihood of prepared cases; the first part gives AIS its base rates. `start`: samples that reverse AIS begins at, group → [n, *axes].

    Where entries are missing, that of what was seen. BmError BM809 for models with given groups, BM751 where nothing was seen of any case.
    """
    given = next((g.name for g in machine.model.groups if g.role == "given"), None)
    if given is not None:
        raise fail("BM809", f"log Z depends on the given group `{given}`", help="use the likelihood of a case, which has it: `machine.log_likelihood`")
    gaps = [(name, data, Gaps.of(machine, data)) for name, data in parts]
    if not all(g.seen.any() for _, _, g in gaps):
        raise fail("BM751", "of no case was anything seen", help="a likelihood is that of what was seen")
    try:
        log_z: float = float(machine.log_partition())
        estimate = None
    except BmError:
        seen = gaps[0][2].most_whole(dict(gaps[0][1]))
        estimate = machine.estimate_log_partition(seen, chains=chains, steps=steps, start=start, progress=progress)
        log_z = estimate.value
    with machine.frozen():
        found = [(name, *g.scored(machine, data)) for name, data, g in gaps]
    if not all(len(x) for _, x, _ in found):
        raise fail("BM751", "of no case has what was seen a free energy that is exact or bounded", help="leave fewer entries missing")
    made = tuple(Part(name, len(x), float(x.mean()), float(x.std(ddof=1) / sqrt(len(x))) if len(x) > 1 else 0.0, g) for name, x, g in found)
    return Likelihood(made, log_z, estimate, any(g.bounded.any() for _, _, g in found))


def minus_free_energies(machine: Machine, data: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """−F of what was seen of every case, and where it is mean field's lower bound, for an exact sum would cost too much: [cases] each.

    NaN where neither is known.
    """
    total = len(next(iter(data.values())))
    found = by_chunks(lambda part: np.stack(scores(machine, part, total), axis=1), data)
    return found[:, 0], found[:, 1] > 0


def of_run(folder: Path, data: str | None, parts: Sequence[str] | None, chains: int, steps: int, progress: bool | None = None) -> Likelihood:
    """The likelihood of a run on data (None: those it was trained on), reverse AIS from the run's persistent chains where it kept some."""
    from .evaluation import one_machine, ready_parts
    from .training.progress import progress_line
    from .training.run_folder import RunFolder

    run, ready = ready_parts(folder, data, parts)
    machine = one_machine(run, folder)
    kept = RunFolder(folder, {}).chains() if folder.is_dir() else {}
    start = {n: machine.program.shaped(n, x) for n, x in kept.items()} or None
    with progress_line(2 * steps, progress) as show:
        return measure(machine, ready, chains, steps, start, lambda done, total: show(done, {"temperature": done % steps}))
