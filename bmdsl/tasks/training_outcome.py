"""What a training leaves: its figures beside simple models', and the lines that a user wants to
know at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.finding import Arrays
from ..ranks.interface import Alone
from ..ranks.world import standing_as

if TYPE_CHECKING:
    from ..inference.baselines import Baseline
    from ..inference.figures import Figures
    from ..inference.machine import Machine
    from ..training.cases import Cases
    from ..training.outcome import Run
    from ..training.streamed_cases import StreamedCases


@dataclass(frozen=True)
class Outcome:
    """A finished training: the run, its data, how long it took, and the pictures in the run
    folder.
    """

    machine: Machine
    run: Run
    data: Arrays
    """The prepared data; none where they are a stream."""
    seconds: float
    pictures: tuple[Path, ...]
    trained: Cases | StreamedCases | None = None
    """The data less those held out, with their weights; None: all, of equal weight."""

    @cached_property
    def figures(self) -> Figures:
        """Measured on at most 2,000 of the training cases, spread over all of them."""
        from ..inference.figures import figures

        with standing_as(Alone()):  # one rank may ask for them alone
            return figures(self.machine, self._measured.data, "train", self._measured.weights)

    @cached_property
    def _measured(self) -> Cases:
        from ..training.cases import Cases

        with standing_as(Alone()):
            cases = Cases.of(self.data, None) if self.trained is None else self.trained
            return cases.spread(2000)

    @cached_property
    def baselines(self) -> tuple[Baseline, ...]:
        """Simple models of the same cases, those without missing values."""
        from ..inference.baselines import baselines

        return baselines(self.machine, self._measured.whole().data)

    @cached_property
    def doubt(self) -> str:
        """One sentence if a simple model describes the cases better; else empty."""
        from ..inference.baselines import verdict

        return verdict(self.figures.log_likelihood, self.baselines)

    @property
    def health(self) -> str:
        """What the monitors minded last, after what the baselines say; empty where nothing has
        looked.
        """
        if self.run.interrupted:  # who stopped it waits for the end
            return str(self.run.health)
        from ..training.health import WELL

        worse, line = self.doubt, self.run.health
        return "; ".join(x for x in (worse, "" if worse and line == WELL else line) if x)

    def rows(self) -> list[tuple[str, ...]]:
        """Names and values of what a user wants to know at the end."""
        run = self.run
        epochs = run.metrics[-1]["epoch"] if run.metrics else 0
        how = "" if run.stopped == "done" else f" ({run.stopped})"
        from ..inference.figures import LIKELIHOOD

        rows: list[tuple[str, ...]] = [
            ("trained", f"{epochs} epochs, {run.updates:,} updates in {self.seconds:.1f} s{how}")
        ]
        if run.best_score is not None:
            from ..training.validation import score_name

            of = score_name(self.machine, self.machine.model.training)
            value = f"{run.best_score:.5g}, {of}, at update {run.best_update:,}"
            rows.append(("validation", value))
        rows += [("health", self.health)] if self.health else []
        if not run.interrupted:
            for row in self.figures.rows()[1:]:  # without the number of cases
                rows.append(row)
                if row[0] == LIKELIHOOD:
                    rows += [
                        (f"  of {x.name}", f"{x.log_likelihood:.5g} nats") for x in self.baselines
                    ]
        notes = run.notes if run.interrupted else (*run.notes, *self.figures.notes)
        rows += [("note", note) for note in notes]
        rows += [("pictures" if k == 0 else "", str(p)) for k, p in enumerate(self.pictures)]
        if run.out is not None:
            rows.append(("run folder", str(run.out)))
            if run.interrupted:
                rows.append(("go on with", f"bm resume {run.out}"))
        return rows

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        run = self.run
        return {
            "out": str(run.out),
            "stopped": run.stopped,
            "updates": run.updates,
            "seconds": round(self.seconds, 3),
            "metrics": run.metrics[-1] if run.metrics else {},
            "figures": {} if run.interrupted else self.figures.as_dict(),
            "health": self.health,
            "baselines": {
                x.name: x.log_likelihood for x in (() if run.interrupted else self.baselines)
            },
            "pictures": [str(p) for p in self.pictures],
        }
