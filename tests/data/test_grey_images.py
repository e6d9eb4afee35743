"""Small NORB from the user's own files, in the format that they are published in; and the light
taken out of images.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from bmdsl.data.load import load
from bmdsl.data.transforms import equal_mean
from bmdsl.language.diagnostics import BmError

STEM = "smallnorb-5x46789x9x18x6x2x96x96-training"


def matrix(x: np.ndarray, magic: int) -> bytes:
    lengths = [*x.shape, *[1] * (3 - x.ndim)]
    return struct.pack(f"<ii{len(lengths)}i", magic, x.ndim, *lengths) + x.tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_images_are_block_means_of_the_first_of_each_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    images = np.random.default_rng(0).integers(0, 256, (3, 2, 96, 96)).astype(np.uint8)
    (tmp_path / "norb").mkdir()
    for kind, content in (
        ("dat", matrix(images, 0x1E3D4C55)),
        ("cat", matrix(np.array([4, 0, 2], "<i4"), 0x1E3D4C54)),
    ):
        name = tmp_path / "norb" / f"{STEM}-{kind}.mat{'.gz' if packed else ''}"
        name.write_bytes(gzip.compress(content) if packed else content)
    found = load("norb")
    assert (
        found.values.shape == (3, 1024)
        and found.labels is not None
        and found.labels.tolist() == [4, 0, 2]
    )
    assert found.values[1, 33] == pytest.approx(images[1, 0, 3:6, 3:6].mean() / 255, abs=1e-6)


def test_files_that_are_missing_or_cut_short_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    with pytest.raises(BmError, match="BM709"):
        load("norb")
    (tmp_path / "norb").mkdir()
    (tmp_path / "norb" / f"{STEM}-dat.mat").write_bytes(
        matrix(np.zeros((3, 2, 96, 96), np.uint8), 0x1E3D4C55)[:1000]
    )
    with pytest.raises(BmError, match="BM703"):
        load("norb")


def test_cases_come_to_one_mean_and_test_cases_to_that_of_training() -> None:
    x = np.random.default_rng(0).random((5, 4, 3)).astype(np.float32)
    x[2] = 0
    generator = np.random.default_rng(0)
    learned = equal_mean.fit(x, None)
    found = equal_mean.apply(x, generator, learned)
    np.testing.assert_allclose(np.delete(found, 2, 0).mean((1, 2)), x.mean(), rtol=1e-5)
    assert (found[2] == 0).all() and found.dtype == np.float32
    np.testing.assert_allclose(
        equal_mean.apply(2 * x[:1], generator, learned).mean(), x.mean(), rtol=1e-5
    )


def test_grey_levels_may_stand_for_means_of_binary_units_but_not_leave_their_range() -> None:
    import bmdsl
    from bmdsl.data.preparing import prepare

    model = bmdsl.load("rbm", D=4, H=2)
    grey = np.array([[0.0, 0.3, 1.0, 0.7]], np.float32)
    with pytest.raises(BmError, match="BM715"):
        prepare({"v": grey}, model.bind({"transform": "scale"}).checked, "test", 0)
    checked = model.bind({"transform": "as_means"}).checked
    np.testing.assert_array_equal(prepare({"v": grey}, checked, "test", 0).arrays["v"], grey)
    with pytest.raises(BmError, match=r"outside the domain \[0, 1\] of means"):
        prepare({"v": grey + 0.5}, checked, "test", 0)
