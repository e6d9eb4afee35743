"""A saved machine without one of its tensors used to open with that parameter at random."""

from __future__ import annotations

from pathlib import Path

import pytest

import bmdsl
from tests.runs.rewriting import rewrite


def test_a_machine_without_a_tensor_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    bmdsl.parse("""model m { visible v[2] : binary  hidden h[2] : binary  param W, b
        energy = - W[i,j] v[i] h[j] - b[i] v[i] }""").compile(backend="reference").save(path)
    rewrite(path, lambda arrays, facts: arrays.pop("W"))
    with pytest.raises(bmdsl.BmError, match="BM934.*`W`"):
        bmdsl.open(path)
