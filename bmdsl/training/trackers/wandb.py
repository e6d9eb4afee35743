"""A Weights & Biases run: what is trained as its configuration, an epoch's figures at the step of
its last update.

Project and mode are the library's own: WANDB_PROJECT, WANDB_MODE=offline.
"""

from __future__ import annotations

from typing import Any

from ...language.vocabulary import Word
from ..callbacks import Callback, Moment
from ..outcome import Run
from . import numbers

WORD = Word("wandb", summary="a Weights & Biases run; WANDB_MODE=offline keeps it here")
LIBRARY = "wandb"


class Tracker(Callback):
    """One run a training."""

    def __init__(self) -> None:
        self.run: Any = None

    def on_start(self, moment: Moment) -> None:
        """Begins a run."""
        import wandb

        place = None if moment.out is None else moment.out
        self.run = wandb.init(
            name=None if place is None else place.name,
            dir=None if place is None else str(place),
            config=dict(moment.figures),
        )

    def on_epoch(self, moment: Moment) -> None:
        """All figures at once."""
        self.run.log({"epoch": moment.epoch, **numbers(moment.figures)}, step=moment.update)

    def on_end(self, run: Run) -> None:
        """Ends the run, with how it ended."""
        if self.run is not None:
            self.run.summary["stopped"] = run.stopped
            self.run.finish(exit_code=1 if run.stopped == "failed" else run.exit_code)
            self.run = None
