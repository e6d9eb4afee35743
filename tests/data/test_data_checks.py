"""Checks of values, one-hot codes, the split and weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bmdsl.data import validate
from bmdsl.data.split import split
from bmdsl.data.validate import as_one_hot, check_values
from bmdsl.data.weights import load_weights
from bmdsl.language.diagnostics import BmError


def binary(x):
    return (x == 0) | (x == 1)


def spin(x):
    return (x == -1) | (x == 1)


def unit(x):
    return (x >= 0) & (x <= 1)


def one_of_k(x):
    return ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1)


def check(values, shape, contains=binary, allow_missing=False):
    check_values(np.asarray(values), shape, contains, "{0, 1}", "v", "data.csv", allow_missing)


def complaint(code: str, action, *arguments, **options) -> str:
    with pytest.raises(BmError) as caught:
        action(*arguments, **options)
    assert [d.code for d in caught.value.diagnostics] == [code]
    return str(caught.value)


def test_good_values_pass():
    check([[0, 1], [1, 0]], (2,))
    check(np.zeros((3, 4, 5), dtype=bool), (4, 5))
    check([[1.0, np.nan]], (2,), allow_missing=True)


def test_wrong_shape_is_explained():
    assert "reshape" in complaint("BM711", check, np.zeros((5, 28, 28)), (784,))
    assert "transpose" in complaint("BM711", check, np.zeros((4, 9)), (4,))
    assert "single case" in complaint("BM711", check, np.zeros(4), (4,))
    assert "(5, 3), expected (cases, 4)" in complaint("BM711", check, np.zeros((5, 3)), (4,))
    complaint("BM711", check, np.float64(1), ())
    complaint("BM712", check, np.zeros((0, 4)), (4,))
    complaint("BM710", check, np.array([["a"]]), (1,))


@pytest.mark.parametrize(
    ("bad", "code"), [(np.nan, "BM713"), (np.inf, "BM714"), (-np.inf, "BM714"), (0.25, "BM715")]
)
@pytest.mark.parametrize("chunk", [1, 7, 1 << 22])
def test_offence_names_source_row_and_column(
    bad: float, code: str, chunk: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(validate, "_CHUNK", chunk)
    values = np.zeros((9, 3))
    values[4, 2] = values[6, 0] = bad
    text = complaint(code, check, values, (3,))
    assert "data.csv" in text and "row 5, column 3" in text and "[4, 2]" in text


def test_infinity_is_refused_where_missing_is_allowed():
    complaint("BM714", check, [[np.nan, np.inf]], (2,), allow_missing=True)


def test_outside_domain_suggests_a_transform():
    assert "`transform binarize`" in complaint("BM715", check, [[0.2]], (1,))
    assert "`transform scale, binarize`" in complaint("BM715", check, [[200]], (1,))
    assert "`transform binarize, scale(-1, 1)`" in complaint("BM715", check, [[0.0]], (1,), spin)
    assert "`transform scale`" in complaint("BM715", check, [[3.0]], (1,), unit)
    assert "place [2, 3]" in complaint(
        "BM715", check, np.pad([[[7]]], ((0, 0), (1, 0), (2, 0))), (2, 3)
    )


def test_one_of_k_rows():
    good = np.eye(3)[[[0, 2], [1, 1]]]
    check(good, (2, 3), one_of_k)
    bad = good.copy()
    bad[1, 0] = 1
    assert "row 2, column 1" in complaint("BM715", check, bad, (2, 3), one_of_k)
    missing = good.copy()
    missing[0, 1] = np.nan
    check(missing, (2, 3), one_of_k, allow_missing=True)
    missing[0, 1, 0] = 0  # half a state is neither known nor missing
    complaint("BM715", check, missing, (2, 3), one_of_k, allow_missing=True)


def test_as_one_hot():
    codes = np.array([[0, 2], [1, 1]])
    np.testing.assert_array_equal(as_one_hot(codes, 3), np.eye(3)[codes])
    assert np.isnan(as_one_hot(np.array([[np.nan, 1.0]]), 2)).tolist() == [
        [[True, True], [False, False]]
    ]
    assert "row 1, column 2" in complaint("BM716", as_one_hot, np.array([[0, 5]]), 3)
    assert "subtract 1" in complaint("BM716", as_one_hot, np.array([[1, 3]]), 3)
    complaint("BM716", as_one_hot, np.array([[0.5]]), 3)
    complaint("BM716", as_one_hot, np.array([[np.inf]]), 3)
    complaint("BM716", as_one_hot, np.array([[-1]]), 3)


@pytest.mark.parametrize(
    ("n", "fraction", "expected"),
    [(100, 0.1, 10), (2, 0.001, 1), (2, 0.999, 1), (7, 0.5, 4), (5, 0, 0)],
)
def test_split_divides_all_cases(n: int, fraction: float, expected: int):
    train, validation = split(n, fraction, seed=3)
    assert len(validation) == expected
    assert sorted([*train, *validation]) == list(range(n))


def test_split_depends_on_the_seed_only():
    assert split(50, 0.2, 1)[1].tolist() == split(50, 0.2, 1)[1].tolist()
    assert split(50, 0.2, 1)[1].tolist() != split(50, 0.2, 2)[1].tolist()
    split(50, 0.2, -1)


def test_split_refuses_the_impossible():
    complaint("BM730", split, 1, 0.5, 0)
    complaint("BM730", split, 10, 1.0, 0)
    complaint("BM730", split, 10, -0.1, 0)
    complaint("BM730", split, 10, float("nan"), 0)


def test_weights(tmp_path: Path):
    path = tmp_path / "w.csv"
    path.write_text("0.5\n0\n2\n")
    assert load_weights(str(path), 3).tolist() == [0.5, 0, 2]
    assert "4 cases" in complaint("BM731", load_weights, str(path), 4)
    for bad in ("1\n-2\n", "1\nnan\n", "1\ninf\n"):
        path.write_text(bad)
        assert "weight 2" in complaint("BM731", load_weights, str(path), 2)
    path.write_text("0\n0\n")
    complaint("BM731", load_weights, str(path), 2)
