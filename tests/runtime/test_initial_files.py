"""`init "file"`: finite real numbers of the right shape, or a diagnostic at the declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import bmdsl

TEXT = """model m {{
  visible v[2] : binary
  hidden h[3] : binary
  param W init "{file}" {modifier}
  energy = - W[i,j] v[i] h[j]
}}
"""
GOOD = np.arange(6.0).reshape(2, 3)


def machine(folder: Path, file: str, modifier: str = "", dtype: str = "float32") -> Any:
    (folder / "m.bm").write_text(TEXT.format(file=file, modifier=modifier))
    return bmdsl.load(folder / "m.bm").compile(backend="reference", dtype=dtype)


def put(value: Any, dtype: Any = float) -> np.ndarray:
    out = GOOD.astype(dtype)
    out[1, 2] = value
    return out


WRONG = {
    "NaN": (put(np.nan), r"BM773.*nan at \[1, 2\]"),
    "infinite": (put(-np.inf), r"BM773.*-inf at \[1, 2\]"),
    "complex": (put(1 + 2j, complex), r"BM770.*1\+2j at \[1, 2\]"),
    "complex without an imaginary part": (GOOD.astype(complex), "BM770.*complex128"),
    "dates": (GOOD.astype("datetime64[D]"), "BM770.*datetime64"),
    "texts": (GOOD.astype(str), "BM770.*<U"),
    "records": (np.zeros((2, 3), [("a", float)]), "BM770"),
    "beyond single precision": (put(1e39), r"BM772.*1e\+39 at \[1, 2\].*float64"),
    "a rounded whole number": (put(2**24 + 1, np.int64), r"BM772.*16777217 at \[1, 2\]"),
    "another shape": (GOOD.T, r"BM803.*\(2, 3\).*\(3, 2\)"),
    "negative": (put(-1), r"BM776.*-1 at \[1, 2\]"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_start_is_refused_where_it_is_declared(tmp_path: Path, wrong: str) -> None:
    array, said = WRONG[wrong]
    np.save(tmp_path / "W.npy", array)
    with pytest.raises(bmdsl.BmError, match=f"(?s){said}") as error:
        machine(tmp_path, "W.npy", "nonnegative" if wrong == "negative" else "")
    assert (
        "`W`" in str(error.value) and "m.bm:4" in str(error.value) and "W.npy" in str(error.value)
    )


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint64, np.float16, ">f8", np.longdouble])
def test_real_numbers_of_any_type_are_taken_as_they_are(tmp_path: Path, dtype: Any) -> None:
    np.save(tmp_path / "W.npy", GOOD.astype(dtype))
    np.testing.assert_array_equal(
        machine(tmp_path, "W.npy").params["W"], GOOD.astype(dtype).astype(float)
    )


def test_a_value_that_double_precision_holds_is_taken_by_it(tmp_path: Path) -> None:
    np.save(tmp_path / "W.npy", put(1e39))
    assert machine(tmp_path, "W.npy", dtype="float64").params["W"][1, 2] == 1e39


def test_files_that_hold_no_such_array_are_diagnostics(tmp_path: Path) -> None:
    np.save(tmp_path / "pickled.npy", np.array([[None, 1]], object))
    (tmp_path / "noise.npy").write_bytes(b"\x93NUMPY nothing")
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "noise.safetensors").write_bytes(b"nothing")
    (tmp_path / "folder.npy").mkdir()
    np.savez(tmp_path / "W.npz", W=GOOD)
    save_file({"W": GOOD, "V": GOOD.T.copy()}, tmp_path / "all.safetensors")
    for file in (
        "pickled.npy",
        "noise.npy",
        "empty.npy",
        "noise.safetensors",
        "W.npz:V",
        "all.safetensors:w",
        "all.safetensors:U",
    ):
        with pytest.raises(bmdsl.BmError, match="(?s)BM936.*m.bm:4"):
            machine(tmp_path, file)
    for file in ("folder.npy", "missing.npy"):
        with pytest.raises(bmdsl.BmError, match="(?s)BM812.*m.bm:4"):
            machine(tmp_path, file)
    np.testing.assert_array_equal(machine(tmp_path, "all.safetensors").params["W"], GOOD)
    np.testing.assert_array_equal(machine(tmp_path, "all.safetensors:W").params["W"], GOOD)
