"""A small run, made without compiling, whose files are put in its folder one by one with what a
fuzzer made of them, and read as the verbs do.

Checksums are made right again, so that what lies behind them is met too.
"""

from __future__ import annotations

import json
import struct
import warnings
from pathlib import Path

from bmdsl.api import Model
from bmdsl.language.source import Source
from bmdsl.runs import checkpoints, checksums
from bmdsl.runs.identity import identity, new_run
from bmdsl.runs.making import Label, made_before, making
from bmdsl.runs.opening import model_of
from bmdsl.runs.run_folder import (
    FACTS,
    MACHINE,
    METRICS,
    STACK,
    RunFolder,
    newest,
    read_facts,
    read_metrics,
)
from bmdsl.runs.storage import Saved, read_machine

TEXT = """model m { visible v[2] : binary  hidden h[2] : binary  param W
energy = - W[i,j] v[i] h[j]  train { updates 2  batch 2  monitor 1 } }"""
STACK_FACTS = {
    **{"format": "bmdsl stack 2", "finished": True, "run": "0123456789abcdef", "name": "s"},
    **{
        "source_name": "s.bm",
        "source": "stack s {}",
        "file": "",
        "file_sha256": "",
        "folder": None,
    },
    **{"settings": {"epochs": 1}, "dtype": "float32", "facts": {}},
    "layers": [
        {"name": "front", "below": None, "group": None},
        {"name": "back", "below": "front", "group": "h"},
    ],
}
CHECKPOINT = "checkpoint"
MANIFEST = "manifest"


class MadeRun:
    """The folder, and how each of its files is read."""

    FILES = (METRICS, FACTS, MANIFEST, CHECKPOINT, MACHINE, STACK)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        machine = Model(Source("<text>", TEXT)).compile(backend="reference")
        metadata = machine.source.metadata(machine)
        metadata = {**metadata, **identity(machine.model, new_run())}
        with RunFolder(folder, metadata) as run:
            run.append_metrics({"epoch": 1, "update": 2, "seconds": 0.1, "free_energy_gap": 0.5})
            arrays = {f"params/{n}": x for n, x in machine.params.items()}
            run.write_state(arrays, {"updates": 2, "epochs": 1, "seed": 0})
            done = {"updates": 2, "total": 2, "stopped": "done", "made": making(Label())}
            run.write_params(machine.params, done)
        (self._state,) = (folder / checkpoints.FOLDER).glob("*.safetensors")
        self._paths = {
            **{name: folder / name for name in (METRICS, FACTS, MACHINE, STACK)},
            **{MANIFEST: self._state.with_suffix(".json"), CHECKPOINT: self._state},
        }
        self._told = json.loads(self._paths[MANIFEST].read_text())

    def content(self, file: str) -> bytes:
        """What a fuzzer begins with: of a file of arrays, its header."""
        if file == STACK:
            return json.dumps(STACK_FACTS).encode()
        whole = self._paths[file].read_bytes()
        if file not in (CHECKPOINT, MACHINE):
            return whole
        (length,) = struct.unpack("<Q", whole[:8])
        self._tail = whole[8 + length :]
        return whole[8 : 8 + length]

    def read(self, file: str, content: bytes, sealed: bool) -> None:
        """Puts the content in the place of a file and reads the run; `sealed`: with checksums that
        agree.
        """
        path = self._paths[file]
        if file in (CHECKPOINT, MACHINE):
            content = struct.pack("<Q", len(content)) + content + self._tail
        elif sealed and file != METRICS:
            content = _resealed(content)
        path.write_bytes(content)
        if file == METRICS:
            read_metrics(self.folder)
        elif file == FACTS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made_before(self.folder)
            read_facts(self.folder)
        elif file == STACK:
            from bmdsl.stacks.folder import layers_of, read_stack

            read_stack(self.folder), layers_of(self.folder)
        elif file == MACHINE:
            self._read_machine(path, sealed)
        else:
            if file == CHECKPOINT and sealed:
                own = {"bytes": len(content), "sha256": checksums.of_file(path)}
                files = {**self._told["files"], f"{checkpoints.FOLDER}/{path.name}": own}
                told = checksums.sealed({**self._told, "files": files})
                self._paths[MANIFEST].write_text(json.dumps(told))
            found = newest(self.folder)
            if found is not None:
                model_of(found)

    def _read_machine(self, path: Path, sealed: bool) -> None:
        from bmdsl.runs import storage

        if not sealed:
            return self._made_of(read_machine(path))
        right, storage.checksums.of_arrays = storage.checksums.of_arrays, _any_seal
        try:
            self._made_of(read_machine(path))
        finally:
            storage.checksums.of_arrays = right

    def _made_of(self, saved: Saved) -> None:
        from bmdsl.runs.opening import _model

        saved.verify(_model(saved, Model).checked)


class _Any:
    def __eq__(self, other: object) -> bool:
        return True


def _any_seal(*given: object) -> _Any:
    return _Any()


def _resealed(content: bytes) -> bytes:
    try:
        facts = json.loads(content)
        return json.dumps(checksums.sealed(facts)).encode() if isinstance(facts, dict) else content
    except (ValueError, RecursionError):
        return content
