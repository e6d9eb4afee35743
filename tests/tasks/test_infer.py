"""What `bm infer` and `bm eval --rank` write: results, pictures beside them, and what
they refuse.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks import train as fitting
from bmdsl.tasks.infer import infer
from bmdsl.tasks.rank import rank


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("infer")
    x = (np.random.default_rng(0).random((60, 4, 4)) < 0.5).astype(np.float32)
    x[:, 2] = x[:, 0]
    np.save(folder / "x.npy", x)
    model = bmdsl.load("rbm", H=8).bind({"epochs": 3, "batch": 20})
    fitting.start(model, str(folder / "x.npy"), folder / "run", None, "float32")
    return folder / "run"


def test_missing_entries_are_filled_in_and_the_rest_stays(run: Path, tmp_path: Path) -> None:
    x = np.load(run.parent / "x.npy").reshape(60, 16)
    hole = np.zeros((4, 4))
    hole[2:] = 1
    np.save(tmp_path / "mask.npy", hole)
    found = infer(run, None, None, tmp_path / "out", impute=str(tmp_path / "mask.npy"), steps=20)
    got = np.load(found.path)
    assert (
        found.path == tmp_path / "out.npy"
        and found.picture == tmp_path / "out.png"
        and found.picture.exists()
    )
    np.testing.assert_array_equal(got[:, :8], x[:, :8])
    assert ((got[:, 8:] > 0) & (got[:, 8:] < 1)).all()
    gaps = x.copy()
    gaps[:, 5] = np.nan
    np.save(tmp_path / "gaps.npy", gaps)
    got = np.load(
        infer(run, str(tmp_path / "gaps.npy"), None, tmp_path / "g", impute="nan", steps=20).path
    )
    assert np.isfinite(got).all() and (np.delete(got, 5, 1) == np.delete(x, 5, 1)).all()


def test_features_and_denoised_cases_are_written(run: Path, tmp_path: Path) -> None:
    machine, x = bmdsl.open(run), np.load(run.parent / "x.npy").reshape(60, 16)
    found = infer(run, None, None, None)
    np.testing.assert_allclose(np.load(run / "features.npy"), machine.transform(x), atol=1e-6)
    assert found.picture is None and found.shape == (60, 8)
    found = infer(run, None, None, None, denoise=True)
    np.testing.assert_allclose(np.load(run / "denoised.npy"), machine.reconstruct(x), atol=1e-6)
    assert found.picture == run / "denoised.png"


def test_ranks_are_by_free_energy(run: Path) -> None:
    machine, x = bmdsl.open(run), np.load(run.parent / "x.npy").reshape(60, 16)
    f = machine.free_energy(v=x)
    found = rank(run, None, None, 5)
    assert [k for k, _ in found.likely] == list(np.argsort(f, kind="stable")[:5])
    assert {k for k, _ in found.unlikely} == set(np.argsort(-f, kind="stable")[:5])
    assert found.likely[0][1] == pytest.approx(-f.min(), rel=1e-5) and not found.bound
    assert found.picture == run / "rank.png" and len(found.rows()) == 6


def test_masks_that_do_not_fit_are_refused(run: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", np.ones(7))
    with pytest.raises(BmError, match="BM930"):
        infer(run, None, None, None, impute=str(tmp_path / "mask.npy"))
    with pytest.raises(BmError, match="BM930"):
        infer(run, None, None, None, impute="nan")
