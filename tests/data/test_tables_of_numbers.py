"""Tables in text, JSON Lines, Parquet, sparse matrices and folders of images: the same numbers
whatever the format.
"""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from PIL import Image

from bmdsl.data.load import load
from bmdsl.language.diagnostics import BmError

X = (np.random.default_rng(1).random((30, 6)) < 0.3).astype(float)
WITH_GAP = np.where(np.arange(180).reshape(30, 6) == 47, np.nan, X)


def cells(x: np.ndarray, separator: str, heading: list[str] | None, index: bool) -> str:
    lines = [] if heading is None else [separator.join(([""] if index else []) + heading)]
    rows = [["" if np.isnan(v) else f"{v:g}" for v in row] for row in x]
    lines += [separator.join(([str(k)] if index else []) + row) for k, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("heading", [None, [f"f{k}" for k in range(6)], [str(k) for k in range(6)]])
@pytest.mark.parametrize(("suffix", "separator"), [("csv", ","), ("tsv", "\t"), ("csv.gz", ",")])
@pytest.mark.parametrize("x", [X, WITH_GAP], ids=["whole", "gap"])
def test_a_table_is_its_numbers_with_any_heading(
    tmp_path: Path, x: np.ndarray, suffix: str, separator: str, heading, index: bool
):
    if index and heading is None:
        pytest.skip("row numbers without a heading are a column like any other")
    text = cells(x, separator, heading, index)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    np.testing.assert_array_equal(load(str(path)).values, x)


def test_row_numbers_that_are_left_out_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "a.csv").write_text(",a,b\n0,1,0\n1,0,1\n")
    with caplog.at_level(logging.INFO, "bmdsl"):
        assert load(str(tmp_path / "a.csv")).values.tolist() == [[1, 0], [0, 1]]
    assert "counts the rows" in caplog.text


def test_a_first_column_with_a_name_is_data(tmp_path: Path):
    (tmp_path / "a.csv").write_text("k,a\n0,1\n1,0\n")
    assert load(str(tmp_path / "a.csv")).values.tolist() == [[0, 1], [1, 0]]


def test_json_lines_of_arrays_and_of_objects(tmp_path: Path):
    arrays = [json.dumps([None if np.isnan(v) else v for v in row]) for row in WITH_GAP]
    objects = [
        json.dumps({f"f{k}": None if np.isnan(v) else v for k, v in enumerate(row)})
        for row in WITH_GAP
    ]
    for name, lines in (("a.jsonl", arrays), ("b.ndjson", objects)):
        (tmp_path / name).write_text("\n".join(lines))
        np.testing.assert_array_equal(load(str(tmp_path / name)).values, WITH_GAP)


@pytest.mark.parametrize("text", ["[1, 2]\n[1]\n", '[1, "a"]\n', "[1, 2\n", '{"a": 1}\n{"b": 1}\n'])
def test_json_lines_that_are_no_cases_are_refused(tmp_path: Path, text: str):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(BmError, match="BM705"):
        load(str(tmp_path / "a.jsonl"))


def test_parquet_is_read_by_columns(tmp_path: Path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = [arrow.array([None if np.isnan(v) else v for v in column]) for column in WITH_GAP.T]
    parquet.write_table(
        arrow.table(columns, names=[f"f{k}" for k in range(6)]), tmp_path / "a.parquet"
    )
    np.testing.assert_array_equal(load(str(tmp_path / "a.parquet")).values, WITH_GAP)
    parquet.write_table(arrow.table({"name": ["x", "y"]}), tmp_path / "b.parquet")
    with pytest.raises(BmError, match="BM705"):
        load(str(tmp_path / "b.parquet"))
    (tmp_path / "c.parquet").write_bytes(b"nothing")
    with pytest.raises(BmError, match="BM703"):
        load(str(tmp_path / "c.parquet"))


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_a_sparse_matrix_is_made_dense(tmp_path: Path, form: str):
    scipy.sparse.save_npz(tmp_path / "a.npz", scipy.sparse.coo_matrix(X).asformat(form))
    np.testing.assert_array_equal(load(str(tmp_path / "a.npz")).values, X)


def test_a_sparse_matrix_too_large_to_be_dense_is_refused(tmp_path: Path):
    scipy.sparse.save_npz(tmp_path / "a.npz", scipy.sparse.csr_matrix((1 << 20, 1 << 20)))
    with pytest.raises(BmError, match="BM703"):
        load(str(tmp_path / "a.npz"))


def test_a_folder_of_images_is_a_data_set(tmp_path: Path):
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (4, 5, 3), np.uint8)
    for k, picture in enumerate(pictures):
        folder = tmp_path / ("cats" if k < 2 else "dogs")
        folder.mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / f"{k}.png")
    found = load(str(tmp_path))
    np.testing.assert_allclose(found.values, pictures / 255, rtol=1e-6)
    assert found.labels is not None and found.labels.tolist() == [0, 0, 1, 1]
    Image.fromarray(np.zeros((5, 4), np.uint8)).save(tmp_path / "cats" / "other.png")
    with pytest.raises(BmError, match="BM711"):
        load(str(tmp_path))


def test_a_folder_without_images_is_refused(tmp_path: Path):
    with pytest.raises(BmError, match="BM701"):
        load(str(tmp_path))
