"""What verbs print of trainings and runs."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

Value = str | int | float | bool | None | list[Any]
"""A setting or an argument, as the model's text has it."""


class Figures(TypedDict):
    """How well a machine describes cases; means over them, in nats."""

    part: str
    cases: int
    reconstruction_error: float | None
    free_energy: float | None
    log_likelihood: Annotated[float | None, "null if it is not exact"]
    class_errors: Annotated[dict[str, float], "group → share of cases that are misclassified"]
    notes: list[str]
    bound: Annotated[bool, "whether figures are bounds, by mean field"]


class NoFigures(TypedDict):
    """Of a training that was interrupted."""


class Trained(TypedDict):
    """A training, and how good the machine is."""

    out: str
    stopped: Annotated[str, "done, or why it ended earlier"]
    updates: int
    seconds: float
    metrics: Annotated[dict[str, float | str | None], "the last line of metrics.jsonl"]
    figures: Figures | NoFigures
    health: str
    baselines: Annotated[dict[str, float], "simple model → its log-likelihood, nats a case"]
    pictures: list[str]


class TrainedStack(TypedDict):
    """A stack that was trained."""

    out: str
    layers: list[str]


class ListedRun(TypedDict):
    """A run of a folder."""

    folder: str
    name: str
    tags: list[str]
    model: str | None
    data: str | None
    arguments: dict[str, Value]
    settings: dict[str, Value]
    updates: int | None
    figures: Annotated[dict[str, float | str | None], "the last line of metrics.jsonl"]
    best_score: float | None
    state: Annotated[str, "health, or how it stopped"]
    made: Annotated[dict[str, Any], "command, versions, machine, name and tags"]
    changed: Annotated[str, "ISO 8601, UTC"]


class ComparedRun(ListedRun):
    """A run beside others."""

    parameters: int
    log_likelihood: Annotated[float | None, "nats a case"]
    std_error: float | None
    part: Annotated[str, "of the data"]
    found: Annotated[str, "how the likelihood was found"]
    baselines: dict[str, float]


class Tuned(TypedDict):
    """Runs of a grid, and points that failed."""

    out: str
    runs: Annotated[list[ComparedRun], "empty if fewer than two were made"]
    failed: Annotated[dict[str, str], "folder → what went wrong"]


class Written(TypedDict):
    """A file that was written."""

    out: str


class Exported(TypedDict):
    """A machine for another program."""

    out: str
    format: str
