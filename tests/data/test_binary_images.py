"""Sets of zeros and ones: read from what their authors published, checked against it, and missed
with a way out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bmdsl.data.load import load
from bmdsl.language.diagnostics import BmError


def test_binarized_digits_are_read_from_text_and_from_packed_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    folder = tmp_path / "binarized-mnist"
    folder.mkdir()
    x = (np.random.default_rng(0).random((3, 784)) < 0.3).astype(np.uint8)
    np.savez(
        folder / "larochelle_binarized_mnist_packed.npz",
        train=np.packbits(x, axis=1),
        test=np.packbits(x[:2], axis=1),
    )
    found = load("binarized-mnist")
    np.testing.assert_array_equal(found.values, x)
    assert found.values.dtype == np.float32 and found.labels is None
    assert load("binarized-mnist", "test").n_cases == 2
    np.savetxt(folder / "binarized_mnist_valid.amat", x[:1], fmt="%d")
    np.testing.assert_array_equal(load("binarized-mnist", "valid").values, x[:1])


def test_missing_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    with pytest.raises(BmError, match=r"BM709.*(\n.*)*binarized_mnist_train.amat"):
        load("binarized-mnist")


def test_a_damaged_file_of_silhouettes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    (tmp_path / "caltech101-silhouettes").mkdir()
    (tmp_path / "caltech101-silhouettes" / "caltech101_silhouettes_28_split1.mat").write_bytes(
        b"no such file"
    )
    with pytest.raises(BmError, match="BM707"):
        load("caltech101-silhouettes")
