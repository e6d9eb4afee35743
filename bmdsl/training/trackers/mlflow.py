"""An MLflow run: parameters of the model and its train block, a metric a figure, an epoch a step.

The server and the experiment are MLflow's own: MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME.
"""

from __future__ import annotations

from ...language.vocabulary import Word
from ..callbacks import Callback, Moment
from ..outcome import Run
from . import numbers

WORD = Word("mlflow", summary="an MLflow run, where MLFLOW_TRACKING_URI says")
LIBRARY = "mlflow"


class Tracker(Callback):
    """A run that is already active is used, and left open."""

    def __init__(self) -> None:
        self.own = False

    def on_start(self, moment: Moment) -> None:
        """Begins a run, and writes what is trained."""
        import mlflow

        self.own = mlflow.active_run() is None
        if self.own:
            mlflow.start_run(run_name=None if moment.out is None else moment.out.name)
        mlflow.log_params({n: str(x) for n, x in moment.figures.items()})

    def on_epoch(self, moment: Moment) -> None:
        """All figures at once."""
        import mlflow

        mlflow.log_metrics(numbers(moment.figures), step=moment.epoch)

    def on_end(self, run: Run) -> None:
        """Ends the run, with how it ended."""
        import mlflow

        if mlflow.active_run() is None:
            return
        mlflow.set_tag("stopped", run.stopped)
        if self.own:
            failed = {"failed": "FAILED", "interrupted": "KILLED"}
            mlflow.end_run(failed.get(run.stopped, "FINISHED"))
