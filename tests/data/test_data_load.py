"""Named sets, file specs and readers."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bmdsl.data import fetch
from bmdsl.data.idx import IdxSet, read_idx
from bmdsl.data.load import load, names, read_file
from bmdsl.language.diagnostics import BmError


def complaint(code: str, action, *arguments) -> str:
    """The text of the one diagnostic that `action` must raise."""
    with pytest.raises(BmError) as caught:
        action(*arguments)
    assert [d.code for d in caught.value.diagnostics] == [code]
    return str(caught.value)


def test_names_lists_every_set_with_a_summary():
    assert {"digits", "mnist", "fashion-mnist"} <= set(names())
    assert all(names().values())


def test_importing_load_pulls_in_no_heavy_package():
    code = (
        "import sys, bmdsl.data.load as l; l.names(); sys.exit(any(m in sys.modules for m in"
        " ('sklearn', 'numba', 'h5py', 'pooch')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_digits_are_grey_values_in_the_unit_interval():
    pytest.importorskip("sklearn")
    digits = load("digits")
    assert digits.values.shape == (1797, 64) and digits.shape == (64,) and digits.n_cases == 1797
    assert digits.values.dtype == np.float32
    assert (digits.values.min(), digits.values.max()) == (0.0, 1.0)
    assert digits.labels is not None and set(digits.labels) == set(range(10))


def test_unknown_name_suggests_the_nearest_and_lists_all():
    text = complaint("BM701", load, "digit")
    assert "did you mean `digits`?" in text and "`mnist`" in text
    assert "named sets are" in complaint("BM701", load, "zzzzzzz")


def test_unknown_part_lists_parts(tmp_path: Path):
    assert "`test`" in complaint("BM708", load, "mnist", "valid")
    np.save(tmp_path / "a.npy", np.eye(2))
    complaint("BM708", load, f"{tmp_path}/a.npy", "test")


def test_missing_file_suggests_a_neighbour(tmp_path: Path):
    np.save(tmp_path / "train.npy", np.eye(2))
    assert "train.npy" in complaint("BM701", load, f"{tmp_path}/trian.npy")
    complaint("BM701", load, f"{tmp_path}/no/such.npy")
    complaint("BM701", load, f"{tmp_path}/")


def test_unknown_format_lists_formats(tmp_path: Path):
    (tmp_path / "a.txt").write_text("1")
    assert "`.csv`" in complaint("BM702", load, f"{tmp_path}/a.txt")


def test_npy_is_memory_mapped(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.arange(6).reshape(3, 2))
    values = load(f"{tmp_path}/a.npy").values
    assert isinstance(values, np.memmap) and values.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_npy_with_key_or_pickle_or_junk_is_refused(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.eye(2))
    complaint("BM704", load, f"{tmp_path}/a.npy:x")
    np.save(tmp_path / "b.npy", np.array([{}], dtype=object), allow_pickle=True)
    complaint("BM703", load, f"{tmp_path}/b.npy")
    (tmp_path / "c.npy").write_bytes(b"")
    complaint("BM703", load, f"{tmp_path}/c.npy")
    (tmp_path / "e.npy").write_bytes(b"junk of another kind")
    assert "does not begin as" in complaint("BM703", load, f"{tmp_path}/e.npy")
    np.save(tmp_path / "d.npy", np.array(["x"]))
    complaint("BM710", load, f"{tmp_path}/d.npy")


def test_npz_key(tmp_path: Path):
    np.savez(tmp_path / "one.npz", x=np.eye(2))
    np.savez(tmp_path / "two.npz", train=np.eye(2), test=np.eye(3))
    assert load(f"{tmp_path}/one.npz").values.shape == (2, 2)
    assert load(f"{tmp_path}/two.npz:test").values.shape == (3, 3)
    text = complaint("BM704", load, f"{tmp_path}/two.npz")
    assert "`train`" in text and "`test`" in text
    assert "two.npz:train" in complaint("BM704", load, f"{tmp_path}/two.npz:trian")
    complaint("BM704", load, f"{tmp_path}/two.npz:")


def test_npz_damaged_or_pickled_is_refused(tmp_path: Path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04junk")
    complaint("BM703", load, f"{tmp_path}/a.npz")
    np.savez(tmp_path / "b.npz", x=np.array([{}], dtype=object))
    complaint("BM703", load, f"{tmp_path}/b.npz")
    np.save(tmp_path / "c.npy", np.eye(2))
    (tmp_path / "c.npy").rename(tmp_path / "c.npz")
    complaint("BM703", load, f"{tmp_path}/c.npz")
    (tmp_path / "d.npz").write_bytes(b"junk")
    assert "does not begin as" in complaint("BM703", load, f"{tmp_path}/d.npz")


@pytest.mark.parametrize("suffix", ["h5", "hdf5"])
def test_h5_key(tmp_path: Path, suffix: str):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / f"a.{suffix}"
    with h5py.File(path, "w") as file:
        file["x"] = np.eye(2)
        file["deep/y"] = np.eye(3)
    assert load(f"{path}:deep/y").values.shape == (3, 3)
    assert load(f"{path}:/x").values.shape == (2, 2)
    assert "`deep/y`" in complaint("BM704", load, str(path))
    (tmp_path / "b.h5").write_text("no")
    complaint("BM703", load, f"{tmp_path}/b.h5")


def test_h5_without_h5py_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.h5").write_text("")
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "pip install h5py" in complaint("BM706", load, f"{tmp_path}/a.h5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("a,b\n1,2\n3,4", [[1, 2], [3, 4]]),
        ('\ufeff"a","b"\r\n1,2.5e1\r\n\r\n', [[1, 25]]),
        ("5\n6\n", [[5], [6]]),
        ("\n\n1,2\n", [[1, 2]]),
        ('"a, first",b\n1,2\n', [[1, 2]]),
    ],
)
def test_csv_with_and_without_header(tmp_path: Path, text: str, expected: list):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    assert load(f"{tmp_path}/a.csv").values.tolist() == expected


def test_csv_empty_cell_is_missing(tmp_path: Path):
    (tmp_path / "a.csv").write_text("a,b\n1,\nNA,4\n")
    assert np.isnan(read_file(f"{tmp_path}/a.csv")).tolist() == [[False, True], [True, False]]


def test_csv_empty_file_has_no_cases(tmp_path: Path):
    (tmp_path / "a.csv").write_text("")
    assert load(f"{tmp_path}/a.csv").values.size == 0
    (tmp_path / "b.csv").write_text("a,b\n")
    assert load(f"{tmp_path}/b.csv").values.shape == (0, 2)


def test_csv_bad_cell_names_line_and_column(tmp_path: Path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,oops\n")
    text = complaint("BM705", load, f"{tmp_path}/a.csv")
    assert "line 3, column 2 (`b`)" in text and "`oops`" in text
    (tmp_path / "b.csv").write_text("1,2\n3;4,5\n")
    text = complaint("BM705", load, f"{tmp_path}/b.csv")
    assert "line 2, column 1" in text and "semicolons" in text


def test_csv_ragged_or_binary_is_refused(tmp_path: Path):
    (tmp_path / "a.csv").write_text("1,2\n3\n")
    assert "line 2" in complaint("BM705", load, f"{tmp_path}/a.csv")
    (tmp_path / "a.csv").write_text("a,b,c\n1,2\n")
    assert "has 2 cells, but the lines before it have 3" in complaint(
        "BM705", load, f"{tmp_path}/a.csv"
    )
    (tmp_path / "a.csv").write_text('a,b\n1,"x\n2,3\n')
    assert "`x 2,3`" in complaint("BM705", load, f"{tmp_path}/a.csv")
    (tmp_path / "b.csv").write_bytes(b"\x00\xff\xfe,1\n")
    complaint("BM703", load, f"{tmp_path}/b.csv")


def write_idx(path: Path, values: np.ndarray) -> None:
    head = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(gzip.compress(head + values.astype(np.uint8).tobytes()))


def test_idx_set_from_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import hashlib

    (tmp_path / "toy").mkdir()
    write_idx(tmp_path / "toy" / "x.gz", np.array([[[0, 255]], [[51, 0]], [[1, 2]]]))
    write_idx(tmp_path / "toy" / "y.gz", np.array([3, 1, 2]))
    sums = [
        (n, hashlib.sha256((tmp_path / "toy" / n).read_bytes()).hexdigest())
        for n in ("x.gz", "y.gz")
    ]
    monkeypatch.setenv("BMDSL_DATA", str(tmp_path))
    data = IdxSet("toy", (), (sums[0], sums[1]), (sums[0], sums[1])).load("train")
    assert (
        data.values.dtype == np.float32
        and data.labels is not None
        and data.labels.tolist() == [3, 1, 2]
    )
    np.testing.assert_allclose(
        data.values, np.array([[0, 1], [0.2, 0], [1 / 255, 2 / 255]]), rtol=1e-6
    )
    (tmp_path / "toy" / "y.gz").write_bytes(b"damaged")
    assert "not the published file" in complaint(
        "BM707", fetch.find_file, "toy", "y.gz", sums[1][1], ()
    )
    complaint("BM703", read_idx, tmp_path / "toy" / "y.gz")


def test_download_failure_is_a_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pooch = pytest.importorskip("pooch")

    def offline(*arguments, **options):
        raise ConnectionError("no route to host\nmore")

    monkeypatch.delenv("BMDSL_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path)
    monkeypatch.setattr(pooch, "retrieve", offline)
    text = complaint("BM707", load, "mnist")
    assert "no route to host" in text and "BMDSL_DATA" in text and "more" not in text


@pytest.mark.skipif(
    "BMDSL_DATA" not in os.environ, reason="BMDSL_DATA names no folder with the files of MNIST"
)
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize(("part", "n"), [("train", 60_000), ("test", 10_000)])
def test_published_set(name: str, part: str, n: int):
    if not (Path(os.environ["BMDSL_DATA"]) / name).is_dir():
        pytest.skip(f"BMDSL_DATA has no folder {name}")
    data = load(name, part)
    assert data.values.shape == (n, 784) and data.values.dtype == np.float32
    assert data.values.min() == 0 and data.values.max() == 1
    assert data.labels is not None and set(data.labels) == set(range(10))


def test_patches_of_photographs_come_in_grey_and_colour():
    grey, colour = load("patches", "test"), load("colour-patches", "test")
    assert grey.values.shape == (10_000, 8, 8) and colour.values.shape == (2_000, 32, 32, 3)
    for x in (grey.values, colour.values):
        assert x.min() >= 0 and x.max() <= 1 and x.std() > 0.1
    np.testing.assert_array_equal(load("patches", "test").values, grey.values)
