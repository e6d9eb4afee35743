"""A run's folder, by the one module that knows its files: model.bm, run.json, params.safetensors,
metrics.jsonl, checkpoints/ (for a resume; older runs have one, state.safetensors).

Every file but the metrics is written beside its place, then renamed: no reader sees half a file. No
pickle. The folder of a stack has stack.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..data.memory import verify_affordable
from ..files import named, put, put_text, remove_leftovers, sync
from ..language.decoding import json_in, json_of
from ..language.diagnostics import fail
from ..ranks.world import world
from . import checkpoints, checksums
from .checkpoints import FOLDER as CHECKPOINTS
from .checkpoints import Checkpoint
from .identity import RUN, new_run
from .inner_folders import layers_in, verify_own
from .lock import Lock
from .storage import write_machine
from .validation_states import ValidationStates

TEXT, FACTS, MACHINE, STATE, METRICS, STACK = (
    "model.bm",
    "run.json",
    "params.safetensors",
    "state.safetensors",
    "metrics.jsonl",
    "stack.json",
)
MARKS = (MACHINE, STATE, FACTS, METRICS, STACK)
"""Files of which a folder with a finished or begun run has at least one, or checkpoints."""
PRETRAINING = "pretraining"
"""The folder, in a run's, of the runs that start its parameters layer by layer, while they last."""
Array = np.ndarray
OWN = "~"
"""A negative phase's state holds its chains, by group, and what else it keeps under names that
begin with this.
"""
ATTACHED = "attached/"
"""What the names of arrays in a checkpoint begin with that stand beside the parameters in the
machine's file.
"""

LONGEST_WAIT = 0.5
"""Seconds that lines of the metrics wait at most for others to be written with them."""


APPENDING = os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0)


class RunFolder:
    """Reads and writes one run's files. Inside `with` no other training may write into the folder.

    `attached` arrays stand in the machine's file beside its parameters. The id of the run is that
    of the metadata, or a new one.
    """

    def __init__(
        self, path: Path, metadata: Mapping[str, str], attached: Mapping[str, Array] | None = None
    ) -> None:
        self.path, self.metadata, self.attached = path, dict(metadata), dict(attached or {})
        self.metadata.setdefault(RUN, new_run())
        self._waiting: list[str] = []
        self._written = -LONGEST_WAIT
        self._bytes, self._hash = 0, hashlib.sha256()
        self._lock = Lock(path)
        self._entered, self._made = 0, False
        self._writes = world().leads
        """Whether this process writes: of several ranks the first one alone does."""
        self._newest: Checkpoint | None = None
        self._validations = ValidationStates(path / CHECKPOINTS)
        self._last = -1
        """The number of the last checkpoint, once it is known."""

    @property
    def run(self) -> str:
        """The id of the run."""
        return self.metadata[RUN]

    def __enter__(self) -> Self:
        """Makes the folder and locks it; removes what dead writers left. Raises BM831 if another
        training holds it.
        """
        if not self._entered:
            world().from_first(self._take)
        self._entered += 1
        return self

    def _take(self) -> None:
        self._made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        verify_own(self.path, inner_folders(self.path))
        self._lock.take()
        for folder in (self.path, self.path / CHECKPOINTS):
            remove_leftovers(folder)

    def __exit__(self, *error: object) -> None:
        self._entered -= 1
        if not self._entered:
            self._newest = None
            self._validations.close()
            self._lock.release()
            if self._made and self._writes:
                with suppress(OSError):
                    self.path.rmdir()  # where nothing came of it

    def prepare(self) -> None:
        """Writes the model's text; makes the folder if it is not there."""
        if not self._writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        if "source" in self.metadata:
            put_text(self.path / TEXT, self.metadata["source"])

    def write_params(self, params: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
        """The machine's file, of parameters and stored edges, and run.json."""
        if not self._writes:
            return
        write_machine(self.path / MACHINE, {**params, **self.attached}, self.metadata)
        known = {
            k: json_of(v) if k == "origins" else v
            for k, v in self.metadata.items()
            if k != "source"
        }
        made = checksums.sealed({**facts, "metadata": known})
        put_text(self.path / FACTS, json.dumps(made, indent=1) + "\n")

    def write_state(
        self,
        arrays: Mapping[str, Array],
        counters: Mapping[str, Any],
        attached: Mapping[str, Array] | None = None,
    ) -> None:
        """A checkpoint: all that a resume needs, and the machine that it is of. `attached` arrays
        go beside those of the machine's file.

        Metrics come first: a resume drops lines past the checkpoint, but could not make up for
        missing ones.
        """
        if not self._writes:
            return
        self.flush()
        if (self.path / METRICS).exists():
            with named(self.path / METRICS):
                sync(self.path / METRICS)
        self._newest = None
        whole = self._with_attached(arrays, attached)
        lines = self._lines_written()
        self._last = checkpoints.write(self.path, whole, counters, self.metadata, lines, METRICS)
        self._validations.passed()
        (self.path / STATE).unlink(missing_ok=True)  # of an older version, gone on from

    def write_validation_state(
        self,
        arrays: Mapping[str, Array],
        counters: Mapping[str, Any],
        attached: Mapping[str, Array] | None = None,
    ) -> None:
        """The same between two checkpoints, without waiting for the disk."""
        if not self._writes:
            return
        self.flush()
        if self._last < 0:
            self._last = checkpoints.last(self.path)
        self._newest = None
        whole = self._with_attached(arrays, attached)
        after = {"checkpoint": self._last, **self._lines_written()}
        self._validations.write(whole, counters, self.metadata, after)

    def _with_attached(
        self, arrays: Mapping[str, Array], more: Mapping[str, Array] | None
    ) -> dict[str, Array]:
        beside = {**self.attached, **(more or {})}
        return {**arrays, **{ATTACHED + n: x for n, x in beside.items()}}

    def _lines_written(self) -> dict[str, Any]:
        return {"bytes": self._bytes, "sha256": self._hash.hexdigest()}

    def checkpoint(self) -> Checkpoint | None:
        """The last whole checkpoint; None if there is none. Read once inside `with`."""
        if self._newest is None:
            self._newest = newest(self.path)
        found = self._newest
        if not self._entered:
            self._newest = None
        return found

    def read_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and counters as `write_state` left them. BmError where there is no checkpoint."""
        found = self.checkpoint()
        if found is None:
            raise fail(
                "BM757",
                f"`{self.path}` holds no checkpoint to go on from",
                help="a run is started with `bm train FILE --out DIR`",
            )
        arrays = {n: x for n, x in found.arrays.items() if not n.startswith(ATTACHED)}
        return arrays, found.counters

    def chains(self) -> dict[str, Array]:
        """Group → the persistent chains' states as the checkpoint has them, [chains, size]; empty
        where the run kept none.
        """
        found = self.checkpoint()
        if found is not None:
            verify_belongs(self.path, found.metadata, found.path)
        return {
            n.removeprefix("chains/"): x
            for n, x in (found.arrays if found else {}).items()
            if n.startswith("chains/") and not n.startswith("chains/" + OWN)
        }

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """One JSON object a line, with the run's id, written with the next ones that come within
        LONGEST_WAIT, or by `flush`.
        """
        if not self._writes:
            return
        self._waiting.append(self._text(line))
        if time.monotonic() - self._written >= LONGEST_WAIT:
            self.flush()

    def flush(self) -> None:
        """Writes the lines that wait."""
        if self._waiting:
            text = "".join(self._waiting).encode()
            path = self.path / METRICS
            with named(path):
                try:
                    _append(path, text)
                except OSError:
                    os.truncate(path, self._bytes)  # a full disk takes a part of it
                    raise
            self._hash.update(text)
            self._bytes += len(text)
            self._waiting.clear()
            self._written = time.monotonic()

    def start_metrics(self, going_on: bool) -> list[dict[str, Any]]:
        """Cuts the file back to the lines that belong to the checkpoint, or to none, and returns
        them; a resume repeats later ones.
        """
        path = self.path / METRICS
        found = self.checkpoint() if going_on else None
        if found is not None:
            self.metadata[RUN] = found.metadata.get(RUN, self.run)
            self._validations.go_on_after(found.path)
        if found is not None and found.lines is None:  # an older run: lines are told by update
            lines = _lines(path) if path.exists() else []
            kept = [x for x in lines if x["update"] <= found.counters["updates"]]
            return self.rewrite_metrics(kept)
        count = found.lines or 0 if found is not None else 0
        data = b""
        if path.exists():
            with path.open("rb") as file:
                data = file.read(count)
        if self._writes:
            put(path, lambda p: p.write_bytes(data))
        self._hash, self._bytes = hashlib.sha256(data), len(data)
        self._newest = None  # which may be large
        return [_without_run(json_of(x)) for x in data.splitlines()]

    def rewrite_metrics(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Has the file hold these lines and no other."""
        self._waiting.clear()
        data = "".join(map(self._text, lines)).encode()
        if self._writes:
            put(self.path / METRICS, lambda p: p.write_bytes(data))
        self._hash, self._bytes = hashlib.sha256(data), len(data)
        return lines

    def _text(self, line: Mapping[str, Any]) -> str:
        return json.dumps({**line, RUN: self.run}) + "\n"


def _append(path: Path, text: bytes) -> None:
    descriptor = os.open(path, APPENDING, 0o666)
    try:
        rest = memoryview(text)
        while len(rest):
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def inner_folders(folder: Path) -> list[str]:
    """The names of the folders inside a run's or a stack's that trainings write to."""
    return [CHECKPOINTS, PRETRAINING, *layers_in(folder / STACK)]


def newest(folder: Path) -> Checkpoint | None:
    """The last whole checkpoint in a run's folder; None if there is none.

    Raises BM836 if all are damaged, BM757 for what is no checkpoint of an older run.
    """
    found = checkpoints.newest(folder, METRICS)
    path = folder / STATE
    if found is not None or not path.exists():
        return found
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            counters = json_of((file.metadata() or {})["counters"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise fail("BM757", f"`{path}` is not a checkpoint", note=str(error)) from None
    return Checkpoint(path, arrays, counters, {}, None)


def verify_belongs(folder: Path, metadata: Mapping[str, str], file: Path) -> None:
    """Raises BM842 if a file of a folder is of another run than its run.json says."""
    try:
        run = json_in(folder / FACTS)["metadata"][RUN]
    except (OSError, ValueError, KeyError, TypeError):
        return  # of an earlier version, or damaged: the file speaks for itself
    if metadata.get(RUN, run) != run:
        raise fail(
            "BM842",
            f"`{file}` is of run {metadata[RUN]}, `{folder / FACTS}` of run {run}",
            help="put the files of one run back; `bm resume` makes all of them from a checkpoint",
        )


def _without_run(line: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in line.items() if k != RUN}


def _lines(path: Path) -> list[dict[str, Any]]:
    """The lines of the metrics, a last one left out that a stopped machine left unfinished.

    Raises BM838 for another one that is damaged.
    """
    out = []
    verify_affordable(f"`{path}`", path.stat().st_size)
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json_of(line)
            update = found["update"]
        except (ValueError, KeyError, TypeError):
            if number == len(lines):
                break
            update = None
        if not isinstance(update, int):
            raise fail(
                "BM838",
                f"line {number} of `{path}` is damaged",
                help="remove the line to do without its figures",
            )
        out.append(_without_run(found))
    return out


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, an unfinished last one left out; BmError BM916 where the folder
    holds no run, BM838 for a damaged line.
    """
    path = folder / METRICS
    if not path.exists():
        raise fail(
            "BM916",
            f"`{folder}` is not the folder of a run",
            help="a run is made by `bm train FILE --out DIR`",
        )
    return _lines(path)


def read_facts(folder: Path) -> dict[str, Any]:
    """What run.json says: updates, how training stopped, the metadata of the machine; empty if
    there is none. BmError BM834 if it is damaged.
    """
    path = folder / FACTS
    if not path.exists():
        return {}
    try:
        facts = dict(json_in(path))
        sealed_since = RUN in dict(facts.get("metadata", {})) or checksums.SEAL in facts
        made = dict(facts.get("made") or {})
        texts = *made.get("tags", ()), *(made.get(n, "") for n in ("name", "command", "begun"))
        if not all(isinstance(x, str) for x in texts):
            raise TypeError
    except (ValueError, TypeError):
        raise checkpoints.damaged(path) from None
    if sealed_since and not checksums.is_whole(facts):
        raise checkpoints.damaged(path)
    return {k: v for k, v in facts.items() if k != checksums.SEAL}
