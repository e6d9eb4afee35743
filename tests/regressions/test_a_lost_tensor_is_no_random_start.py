"""A saved machine without one of its tensors used to open with that parameter at random."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import bmdsl


def test_a_machine_without_a_tensor_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    bmdsl.parse("""model m { visible v[2] : binary  hidden h[2] : binary  param W, b
        energy = - W[i,j] v[i] h[j] - b[i] v[i] }""").compile(backend="reference").save(path)
    with safe_open(path, "numpy") as file:
        metadata, b = file.metadata(), file.get_tensor("b")
    save_file({"b": b}, path, metadata=metadata)
    with pytest.raises(bmdsl.BmError, match="BM934.*`W`"):
        bmdsl.open(path)
