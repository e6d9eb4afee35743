"""Data of every kind are real numbers that the machine can hold, or refused before training."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl

TEXT = """model m {
  visible v[2] : gaussian
  param b
  energy = - b[i] v[i]
  train { batch 3  epochs 1 }
}"""
GOOD = np.array([[0.0, 1], [1, 0], [1, 1]])


def put(value: Any, dtype: Any = float) -> np.ndarray:
    out = GOOD.astype(dtype)
    out[1, 0] = value
    return out


WRONG: dict[str, tuple[np.ndarray, str]] = {
    "complex": (put(1j, complex), "BM7(10|70)"),
    "dates": (GOOD.astype("datetime64[D]"), "BM7(10|70)"),
    "durations": (GOOD.astype("timedelta64[s]"), "BM7(10|70)"),
    "texts": (GOOD.astype(str), "BM7(10|70)"),
    "records": (np.zeros((3, 2), [("a", float)]), "BM7(10|70)"),
    "infinite": (put(np.inf), "BM714"),
    "beyond single precision": (put(1e39), r"BM772.*1e\+39 at \[1, 0\]"),
    "rounded": (put(2**53 + 1, np.int64), rf"BM772.*{2**53 + 1} at \[1, 0\]"),
    "unsigned": (put(2**64 - 1, np.uint64), rf"BM772.*{2**64 - 1} at \[1, 0\]"),
}


def write(folder: Path, suffix: str, x: np.ndarray) -> str:
    path = folder / f"x.{suffix}"
    match suffix:
        case "npy":
            np.save(path, x)
        case "npz":
            np.savez(path, v=x)
        case "csv":
            path.write_text("\n".join(",".join(map(str, row)) for row in x.tolist()) + "\n")
        case _:
            h5py = pytest.importorskip("h5py")
            if x.dtype.kind in "MmU":
                pytest.skip("HDF5 has no such type")
            with h5py.File(path, "w") as file:
                file["v"] = x
    return str(path)


@pytest.mark.parametrize("suffix", ["array", "npy", "npz", "csv", "h5"])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_real_number_of_the_machines_type_is_refused(
    tmp_path: Path, wrong: str, suffix: str
) -> None:
    x, said = WRONG[wrong]
    if suffix == "csv" and x.dtype.kind in "MVUiu":
        pytest.skip("a table of text says nothing of types")
    data = x if suffix == "array" else write(tmp_path, suffix, x)
    machine = bmdsl.parse(TEXT).compile(backend="reference")
    before = machine.params["b"].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(bmdsl.BmError, match=f"(?s){said if suffix != 'csv' else 'BM7'}"):
            machine.train(data)
    np.testing.assert_array_equal(machine.params["b"], before)


def test_objects_and_masks_are_refused_and_numbers_among_objects_taken() -> None:
    machine = bmdsl.parse(TEXT).compile(backend="reference")
    for wrong, code in (
        (put(None, object), r"BM770.*None at \[1, 0\]"),
        (put("a", object), "BM770.*'a'"),
        (np.ma.masked_array(GOOD, put(True, bool)), r"BM771.*\[0, 1\]"),
        ([[1.0], [1.0, 2.0]], "BM770"),
    ):
        with pytest.raises(bmdsl.BmError, match=f"(?s){code}"):
            machine.train(wrong)
        with pytest.raises(bmdsl.BmError, match=f"(?s){code}"):
            machine.train({"v": wrong})
    machine.train(GOOD.astype(object))
    found = machine.params["b"].copy()
    machine = bmdsl.parse(TEXT).compile(backend="reference")
    machine.train(GOOD)
    np.testing.assert_array_equal(machine.params["b"], found)


@pytest.mark.parametrize("weights", [[1, 1j, 1], [1, np.nan, 1], [1, np.inf, 1], ["1", "1", "1"]])
def test_case_weights_are_finite_real_numbers(weights: Any) -> None:
    from bmdsl.training.cases import Cases

    with pytest.raises(bmdsl.BmError, match="BM7(51|70)"):
        Cases.of({"v": GOOD}, np.asarray(weights))
