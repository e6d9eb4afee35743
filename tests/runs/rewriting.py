"""Files of a run with other contents and checksums that fit them: what a writer gone wrong would
leave.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from bmdsl.runs import checksums

Arrays = dict[str, np.ndarray]
Change = Callable[[Arrays, dict[str, str]], Any]


def rewrite(path: Path, change: Change) -> None:
    """A machine's file, changed."""
    arrays, metadata = read(path)
    metadata.pop(checksums.SEAL, None)
    change(arrays, metadata)
    metadata[checksums.SEAL] = checksums.of_arrays(arrays, metadata)
    save_file(arrays, path, metadata=metadata)


def rewrite_checkpoint(run: Path, change: Change) -> None:
    """The last checkpoint of a run, changed; the ones before are removed."""
    manifests = sorted((run / "checkpoints").glob("*.json"))
    for old in manifests[:-1]:
        old.unlink()
        old.with_suffix(".safetensors").unlink()
    state = manifests[-1].with_suffix(".safetensors")
    arrays, metadata = read(state)
    change(arrays, metadata)
    save_file(arrays, state, metadata=metadata)
    told = json.loads(manifests[-1].read_text())
    of_state = {"bytes": state.stat().st_size, "sha256": checksums.of_file(state)}
    told["files"][f"checkpoints/{state.name}"] |= of_state
    manifests[-1].write_text(json.dumps(checksums.sealed(told)))


def read(path: Path) -> tuple[Arrays, dict[str, str]]:
    """Arrays and metadata of a safetensors file."""
    with safe_open(path, "numpy") as file:
        return {n: file.get_tensor(n) for n in list(file.keys())}, dict(file.metadata())
