"""CIFAR-10 from files of its binary format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bmdsl.data.load import load
from bmdsl.language.diagnostics import BmError


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-bin"])
def test_colours_and_labels_come_from_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    folder = tmp_path / "cifar-10" / inside
    folder.mkdir(parents=True)
    records = np.random.default_rng(0).integers(0, 256, (3, 3073)).astype(np.uint8)
    records[:, 0] = [7, 0, 9]
    records.tofile(folder / "test_batch.bin")
    found = load("cifar-10", "test")
    assert found.values.shape == (3, 32, 32, 3) and found.labels.tolist() == [7, 0, 9]
    assert found.values[1, 2, 5, 1] == pytest.approx(records[1, 1 + 1024 + 2 * 32 + 5] / 255)
    with pytest.raises(BmError, match="BM709"):
        load("cifar-10", "train")
    (folder / "test_batch.bin").write_bytes(b"short")
    with pytest.raises(BmError, match="BM707"):
        load("cifar-10", "test")
