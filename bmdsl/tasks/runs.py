"""Runs below a folder, a line each: what `bm runs` shows."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..language.decoding import json_of
from ..language.diagnostics import BmError, fail
from ..runs.run_folder import FACTS, METRICS, read_facts, read_metrics

HEAD = ("run", "model", "data", "epochs", "time", "log-likelihood", "validation", "state", "tags")


@dataclass(frozen=True)
class ListedRun:
    """What a run's files say without its machine; `problem` where they cannot be read."""

    folder: Path
    facts: Mapping[str, Any]
    last: Mapping[str, Any]
    """Figures of the metrics, each as it was last told."""
    changed: float
    """When a file of the run was last written: seconds since 1970."""
    problem: str = ""

    @property
    def made(self) -> Mapping[str, Any]:
        """How it was made; empty for a run of an earlier version."""
        return dict(self.facts.get("made") or {})

    @property
    def name(self) -> str:
        """The run's own, or its folder's."""
        return str(self.made.get("name") or self.folder.name)

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.made.get("tags") or ())

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Of the machine: model, arguments, settings, data."""
        return dict(self.facts.get("metadata") or {})

    @property
    def state(self) -> str:
        """`healthy`, what the monitors minded, or how it stopped before its end."""
        if self.problem:
            return self.problem
        stopped = str(self.facts.get("stopped") or "running")
        health = str(self.last.get("health", ""))
        done = self.last.get("update", 0) >= (self.facts.get("total") or 0)
        if stopped == "done" and not done:
            stopped = "running or killed"
        return health if stopped == "done" else f"{stopped}{'; ' + health if health else ''}"

    def row(self, base: Path) -> tuple[str, ...]:
        """The cells under HEAD."""
        place = os.path.relpath(self.folder, base)
        shown = place if self.name == self.folder.name else f"{place} ({self.name})"
        data = str(self.metadata.get("data", ""))
        return (
            shown,
            str(self.metadata.get("model", "")),
            Path(data).name if data else "",
            f"{self.last['epoch']:,}" if "epoch" in self.last else "",
            f"{self.last['seconds']:.0f} s" if "seconds" in self.last else "",
            _number(self.last.get("log_likelihood", self.last.get("bound"))),
            _number(self.facts.get("best_score")),
            self.state,
            " ".join(self.tags),
        )

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "folder": str(self.folder),
            "name": self.name,
            "tags": list(self.tags),
            "model": self.metadata.get("model"),
            "data": self.metadata.get("data"),
            "arguments": _object(self.metadata.get("arguments")),
            "settings": _object(self.metadata.get("settings")),
            "updates": self.last.get("update"),
            "figures": {n: x for n, x in self.last.items() if n != "health"},
            "best_score": self.facts.get("best_score"),
            "state": self.state,
            "made": dict(self.made),
            "changed": datetime.datetime.fromtimestamp(self.changed, datetime.UTC).isoformat(),
        }


def run_list(folder: Path, tag: str | None = None) -> list[ListedRun]:
    """Every run in a folder and below, the latest first; those with a tag where one is named.

    Raises BM984 where there is no such folder.
    """
    if not folder.is_dir():
        raise fail(
            "BM984",
            f"there is no folder `{folder}` with runs",
            help="a run is made by `bm train FILE --out runs/NAME`; name the folder: `bm runs DIR`",
        )
    found = [listed(place) for place in _folders(folder)]
    found = [run for run in found if tag is None or tag in run.tags]
    return sorted(found, key=lambda run: run.changed, reverse=True)


def listed(folder: Path) -> ListedRun:
    """One run's line."""
    files = [folder / n for n in (FACTS, METRICS) if (folder / n).exists()]
    changed = max((p.stat().st_mtime for p in files), default=0.0)
    try:
        metrics, facts = read_metrics(folder), read_facts(folder)
    except (BmError, OSError, ValueError) as error:
        return ListedRun(folder, {}, {}, changed, f"cannot be read: {str(error).splitlines()[0]}")
    last = {n: x for line in metrics for n, x in line.items()}
    return ListedRun(folder, facts, last, changed)


def _folders(folder: Path) -> Iterator[Path]:
    """Folders with metrics; hidden ones are left out."""
    for place, inside, files in os.walk(folder):
        inside[:] = sorted(d for d in inside if not d.startswith("."))
        if METRICS in files:
            yield Path(place)


def _number(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, int | float) else ""


def _object(text: Any) -> Any:
    return json_of(text) if isinstance(text, str) else text
