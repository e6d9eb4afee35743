"""How good the model of a run is, in nats a case, beside simple models of the same cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..inference.baselines import baselines
from ..inference.conditional_likelihood import ConditionalLikelihood
from ..inference.figures import Figures, figures
from ..inference.likelihood import Likelihood
from ..inference.machine import Machine
from ..runtime.missing import missing_cases
from .eval import of_run
from .run_cases import Ready

EXACT, MONITOR = "exactly", "by the monitor's small AIS run"


@dataclass(frozen=True)
class Quality:
    """Mean log-likelihood in nats a case with its standard error, None where it is not known."""

    value: float | None = None
    error: float | None = None
    how: str = ""
    part: str = ""
    at_least: bool = False
    """Whether it is a lower bound."""
    baselines: Mapping[str, float] = field(default_factory=dict)
    figures: tuple[Figures, ...] = ()
    told: Likelihood | ConditionalLikelihood | None = None

    @property
    def shown(self) -> str:
        """`−24.1 ± 0.2`."""
        if self.value is None:
            return ""
        error = "" if self.error is None else f" ± {self.error:.2f}"
        return f"{'≥ ' * self.at_least}{self.value:.2f}{error}"

    def sentence(self, run: str = "RUN") -> str:
        """What a reader of the report of `run` wants to know."""
        if self.value is None:
            return f"The likelihood was not measured: `bm report {run} --likelihood` measures it."
        words = [
            f"log P(v) is {'at least ' * self.at_least}{self.shown.removeprefix('≥ ')} nats a case"
            f" of {self.part}, {self.how}."
        ]
        for name, x in self.baselines.items():
            apart = self.value - x
            words.append(
                f"That is {abs(apart):.2f} nats {'above' if apart >= 0 else 'below'} {name}."
            )
        return " ".join(words)


def quality_of(
    machine: Any,
    folder: Path,
    parts: Sequence[Ready],
    metrics: Sequence[Mapping[str, Any]],
    likelihood: bool = False,
    chains: int = 1000,
    steps: int = 1000,
) -> Quality:
    """Exact where the machine allows it; by AIS if `likelihood`; else as the monitors had it.

    Figures of the part that was held out of training, if there is one, come first.
    """
    last = _last(metrics)
    if not parts:
        return Quality(*last, part="the training cases") if last else Quality()
    found = tuple(figures(machine, p.data, p.name, p.weights) for p in parts)
    whole = [{n: x[~missing_cases(p.data)] for n, x in p.data.items()} for p in parts]
    best = len(parts) - 1
    simple = {x.name: x.log_likelihood for x in baselines(machine, whole[best], whole[0])}
    exact = found[0].log_likelihood is not None
    if not (exact or likelihood) or not isinstance(machine, Machine):
        if last is None:
            return Quality(figures=found, baselines=simple)
        own = {x.name: x.log_likelihood for x in baselines(machine, whole[0])}
        return Quality(*last, part=parts[0].name, figures=found, baselines=own)
    told = of_run(folder, None, None, chains, steps, progress=False)
    if isinstance(told, ConditionalLikelihood):
        return Quality(figures=found, told=told)
    part = told.parts[best]
    side = told.estimate.forward if told.estimate is not None else None
    error = (part.spread**2 + (side.std_error**2 if side is not None else 0.0)) ** 0.5
    how = EXACT if told.estimate is None else "by AIS"
    return Quality(told.value(part), error, how, part.name, told.bound, simple, found, told)


def _last(metrics: Sequence[Mapping[str, Any]]) -> tuple[float, None, str] | None:
    """The last likelihood that a monitor measured."""
    return next(
        (
            (float(line["log_likelihood"]), None, MONITOR)
            for line in reversed(metrics)
            if "log_likelihood" in line
        ),
        None,
    )
