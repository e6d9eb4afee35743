"""Scalars for TensorBoard in `tensorboard/` of the run's folder, an epoch a step."""

from __future__ import annotations

from typing import Any

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..callbacks import Callback, Moment
from ..outcome import Run
from . import numbers

WORD = Word("tensorboard", summary="scalars in the run's folder: tensorboard --logdir RUN")
LIBRARY = "tensorboard"


class Tracker(Callback):
    """By TensorBoard's own writer: neither TensorFlow nor PyTorch is needed."""

    def __init__(self) -> None:
        self.writer: Any = None

    def on_start(self, moment: Moment) -> None:
        """Raises BM983 without a folder."""
        from tensorboard.summary import DirectoryOutput, Writer

        if moment.out is None:
            raise fail(
                "BM983",
                "`tensorboard` writes into the run's folder, and there is none",
                help="give `out`",
            )
        place = moment.out / "tensorboard"
        place.mkdir(parents=True, exist_ok=True)
        self.writer = Writer(DirectoryOutput(str(place)))

    def on_epoch(self, moment: Moment) -> None:
        """One scalar a figure."""
        for name, x in numbers(moment.figures).items():
            self.writer.add_scalar(name, x, moment.epoch)
        self.writer.flush()

    def on_end(self, run: Run) -> None:
        """Closes the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
