"""A machine as one safetensors file: parameters, and the text that made it in the metadata. No pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .language.diagnostics import fail
from .writing import parameters, put, tensors


def write_machine(path: Path, params: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Writes beside `path`, then renames, so that no reader sees half a file."""
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    put(path, lambda beside: save_file(tensors(params), beside, metadata=dict(metadata)))


def read_machine(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Metadata and parameters; BmError if the file is missing or not one of ours."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise fail("BM869", f"file `{path}` does not exist")
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = parameters({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118  # not a dict
    except SafetensorError as error:
        raise fail("BM870", f"`{path}` is not a safetensors file", note=str(error)) from None
    if metadata.get("format") != "bmdsl 1":
        raise fail("BM870", f"`{path}` was not written by bmdsl", help="a machine is written by `machine.save(path)`")
    return metadata, arrays
