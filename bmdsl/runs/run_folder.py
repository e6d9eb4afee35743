"""A run's folder, by the one module that knows its files: model.bm, run.json, params.safetensors,
state.safetensors (for a resume), metrics.jsonl.

Every file but the metrics is written beside its place, then renamed: no reader sees half a file. No
pickle. The folder of a stack has stack.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..files import put
from ..language.diagnostics import fail
from .storage import write_machine

TEXT, FACTS, MACHINE, STATE, METRICS, STACK = (
    "model.bm",
    "run.json",
    "params.safetensors",
    "state.safetensors",
    "metrics.jsonl",
    "stack.json",
)
MARKS = (MACHINE, STATE, FACTS, METRICS, STACK)
"""Files of which a folder with a finished or begun run has at least one."""
Array = np.ndarray
OWN = "~"
"""A negative phase's state holds its chains, by group, and what else it keeps under names that
begin with this.
"""

LONGEST_WAIT = 0.5
"""Seconds that lines of the metrics wait at most for others to be written with them."""


class RunFolder:
    """Reads and writes one run's files.

    `attached` arrays stand in the machine's file beside its parameters.
    """

    def __init__(
        self, path: Path, metadata: Mapping[str, str], attached: Mapping[str, Array] | None = None
    ) -> None:
        self.path, self.metadata, self.attached = path, dict(metadata), dict(attached or {})
        self._waiting: list[str] = []
        self._written = -LONGEST_WAIT

    def prepare(self) -> None:
        """Makes the folder and writes the model's text."""
        self.path.mkdir(parents=True, exist_ok=True)
        if "source" in self.metadata:
            put(self.path / TEXT, lambda p: p.write_text(self.metadata["source"], encoding="utf-8"))

    def write_params(self, params: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
        """The machine's file, of parameters and stored edges, and run.json."""
        write_machine(self.path / MACHINE, {**params, **self.attached}, self.metadata)
        known = {
            k: json.loads(v) if k == "origins" else v
            for k, v in self.metadata.items()
            if k != "source"
        }
        text = json.dumps({**facts, "metadata": known}, indent=1)
        put(self.path / FACTS, lambda p: p.write_text(text + "\n", encoding="utf-8"))

    def write_state(self, arrays: Mapping[str, Array], counters: Mapping[str, Any]) -> None:
        """One file with all that a resume needs, so that its parts always belong together.

        Metrics come first: a resume drops lines past the checkpoint, but could not make up for
        missing ones.
        """
        from safetensors.numpy import save_file

        self.flush()
        put(
            self.path / STATE,
            lambda p: save_file(dict(arrays), p, metadata={"counters": json.dumps(counters)}),
        )

    def read_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and counters as `write_state` left them. BmError where there is no checkpoint."""
        from safetensors import SafetensorError, safe_open

        path = self.path / STATE
        if not path.exists():
            raise fail(
                "BM757",
                f"`{self.path}` holds no checkpoint to go on from",
                help="a run is started with `bm train FILE --out DIR`",
            )
        try:
            with safe_open(path, "numpy") as file:
                counters = json.loads((file.metadata() or {})["counters"])
                return {name: file.get_tensor(name) for name in file.keys()}, counters  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError) as error:
            raise fail("BM757", f"`{path}` is not a checkpoint", note=str(error)) from None

    def chains(self) -> dict[str, Array]:
        """Group → the persistent chains' states as the checkpoint has them, [chains, size]; empty
        where the run kept none.
        """
        if not (self.path / STATE).exists():
            return {}
        arrays, _ = self.read_state()
        return {
            n.removeprefix("chains/"): x
            for n, x in arrays.items()
            if n.startswith("chains/") and not n.startswith("chains/" + OWN)
        }

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """One JSON object a line, written with the next ones that come within LONGEST_WAIT, or by
        `flush`.
        """
        self._waiting.append(json.dumps(line) + "\n")
        if time.monotonic() - self._written >= LONGEST_WAIT:
            self.flush()

    def flush(self) -> None:
        """Writes the lines that wait."""
        if self._waiting:
            with (self.path / METRICS).open("a", encoding="utf-8") as file:
                file.writelines(self._waiting)
            self._waiting.clear()
            self._written = time.monotonic()

    def start_metrics(self, until: int) -> list[dict[str, Any]]:
        """Keeps the lines up to update `until` (a resume repeats later ones) and returns them."""
        path = self.path / METRICS
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() and until else []
        kept = [x for x in map(_line, lines) if x is not None and x["update"] <= until]
        put(
            path,
            lambda p: p.write_text("".join(json.dumps(x) + "\n" for x in kept), encoding="utf-8"),
        )
        return kept


def _line(text: str) -> dict[str, Any] | None:
    """A line of the metrics; None for one that a stopped machine left unfinished."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "update" in found else None


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, an unfinished last one left out; BmError BM916 where the folder
    holds no run.
    """
    path = folder / METRICS
    if not path.exists():
        raise fail(
            "BM916",
            f"`{folder}` is not the folder of a run",
            help="a run is made by `bm train FILE --out DIR`",
        )
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            out.append(json.loads(line))
        except ValueError:
            break
    return out


def read_facts(folder: Path) -> dict[str, Any]:
    """What run.json says: updates, how training stopped, the metadata of the machine; empty if
    there is none.
    """
    path = folder / FACTS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
