"""One array in every form that it can come in: each way into a machine takes it as the plain one.

Data frames are a stand-in with pandas' names here, and pandas' own where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import bmdsl
from bmdsl.data.arrays import real
from tests.runtime.test_gate import WAYS, put

Array = np.ndarray
TEXT = """model m { visible v[4] : binary  hidden h[2] : binary  param W, b
  energy = - W[i,j] v[i] h[j] - b[i] v[i]
  train { epochs 1  batch 2  negative exact  optimizer sgd(rate = 0.1) } }"""
X = np.array([[1.0, 0, 1, 1], [0, 1, 0, 0], [1, 1, 0, 1]])


class Missing:
    """As pandas' NA: no number, and equal to nothing."""


Missing.__name__ = "NAType"
NA = Missing()


class Column:
    """As a pandas column of a nullable type."""

    def __init__(self, cells: list[Any]) -> None:
        self.cells, self.dtype = cells, "object"

    def __len__(self) -> int:
        return len(self.cells)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.array(self.cells, dtype or object)

    def to_numpy(self) -> Array:
        return np.array(self.cells, object)


class Places:
    """As `DataFrame.iloc`, for whole columns."""

    def __init__(self, found: list[Any]) -> None:
        self.found = found

    def __getitem__(self, at: tuple[slice, int]) -> Any:
        return self.found[at[1]]


class Frame:
    """As a pandas data frame."""

    def __init__(self, **columns: Any) -> None:
        self.columns, self.iloc = list(columns), Places(list(columns.values()))

    def __len__(self) -> int:
        return 3


def frame(x: Array) -> Frame:
    """Columns of several types."""
    kinds: tuple[Callable[[Array], Any], ...] = (
        lambda c: c.astype(int),
        lambda c: Column([bool(v) for v in c]),
        lambda c: Column([float(v) for v in c]),
        lambda c: c,
    )
    return Frame(**{f"f{k}": kind(x[:, k]) for k, kind in enumerate(kinds)})


def read_only(x: Array) -> Array:
    out = x.copy()
    out.flags.writeable = False
    return out


LEFT_OUT = ("marginals", "exact_sample", "AIS", "AIS, started", "observe", "anneal")
"""Of one case, or slow without compiled code; they go through the same gate."""
FORMS: dict[str, Callable[[Array], Any]] = {
    "a data frame": frame,
    "csr": scipy.sparse.csr_matrix,
    "csc": scipy.sparse.csc_array,
    "coo": scipy.sparse.coo_array,
    "lil of booleans": lambda x: scipy.sparse.lil_array(x.astype(bool)),
    "a matrix": lambda x: np.asmatrix(x),
    "a list": lambda x: x.tolist(),
    "a tuple of rows": lambda x: tuple(x),
    "integers": lambda x: x.astype(np.int16),
    "booleans": lambda x: x.astype(bool),
    "objects": lambda x: x.astype(object),
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "every second": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda x: x.T.copy().T,
    "the other byte order": lambda x: x.astype(">f8"),
    "half precision": lambda x: x.astype(np.float16),
    "a field of records": lambda x: _field(x),
}


def _field(x: Array) -> Array:
    out = np.zeros(x.shape, [("a", "i1"), ("x", "f8")])
    out["x"] = x
    return out["x"]


def machine() -> Any:
    m = bmdsl.parse(TEXT).compile(seed=1, dtype="float64", backend="reference")
    m.params["W"] = np.random.default_rng(0).normal(size=(4, 2))
    return m


def flat(found: Any) -> list[Array]:
    """Everything that a way gives, as arrays."""
    if isinstance(found, dict):
        return [np.asarray(x) for x in found.values()]
    return [np.asarray(found)] if isinstance(found, np.ndarray | float) else []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_every_way_takes_every_form_as_the_plain_array(form: str) -> None:
    given = FORMS[form](X)
    for way, enter in WAYS.items():
        if way in LEFT_OUT:
            continue
        for a, b in zip(flat(enter(machine(), X)), flat(enter(machine(), given)), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=way)
    a, b = machine(), machine()
    a.train(X)
    b.train(given)
    for name, x in a.params.items():
        np.testing.assert_array_equal(x, b.params[name])


def test_missing_cells_of_a_frame_are_missing_values() -> None:
    given = Frame(a=np.array([1, 0, 1]), b=Column([1, NA, None]), c=Column([True, False, NA]))
    found = real(given, "`v`")
    np.testing.assert_array_equal(found, [[1, 1, 1], [0, np.nan, 0], [1, np.nan, np.nan]])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (Column(["teacher", "nurse", "x"]), "(?s)BM945.*`job` of `v` holds text, `teacher`.*drop"),
        (Column([1, 0, "7"]), "BM945.*row 2"),
        (np.array(["2026-01-01"] * 3, "datetime64[D]"), "BM770.*`job`"),
        (Column([1j, 0, 0]), "BM770.*`job`"),
        (Column([[1], [2], [3]]), "BM770.*`job`"),
        (Column([2**60 + 1, 0, 0]), f"BM772.*`job`.*{2**60 + 1}"),
    ],
)
def test_a_column_that_is_no_numbers_is_named(cells: Any, said: str) -> None:
    with pytest.raises(bmdsl.BmError, match=said):
        real(Frame(a=np.zeros(3), job=cells), "`v`")
    with pytest.raises(bmdsl.BmError, match="BM945|BM770|BM772"):
        machine().train(Frame(a=X[:, 0], b=X[:, 1], c=X[:, 2], job=cells))


def test_frames_of_pandas() -> None:
    pd = pytest.importorskip("pandas")
    plain = pd.DataFrame(X.astype(int), columns=list("abcd"))
    m = machine()
    for given in (
        plain,
        plain.astype("Int64"),
        plain.astype("boolean"),
        plain.astype("category"),
        plain.astype({"a": float, "b": "Float64", "c": bool}),
        plain.astype(pd.SparseDtype("int8", 0)),
        plain.set_axis([0, 0, 1, 1], axis=1),
    ):
        np.testing.assert_array_equal(m.free_energy(v=given), m.free_energy(v=X))
    holed = plain.astype("Int64")
    holed.iloc[1, 2] = pd.NA
    gaps = put(X, X[1, 0])
    gaps[1, 2] = np.nan
    np.testing.assert_array_equal(m.free_energy(v=holed), m.free_energy(v=gaps))
    np.testing.assert_array_equal(real(plain["a"], "`v`"), X[:, 0])
    with pytest.raises(bmdsl.BmError, match="BM945.*`job`"):
        m.transform(plain[["a", "b", "c"]].assign(job=["x", "y", "z"]))
    with pytest.raises(bmdsl.BmError, match="BM770.*`d`"):
        m.transform(plain[["a", "b", "c"]].assign(d=pd.to_datetime("2026-01-01")))


def test_a_sparse_matrix_past_memory_is_refused_before_it_is_made() -> None:
    with pytest.raises(bmdsl.BmError, match=r"BM946.*\(1073741824, 1048576\)"):
        machine().train(scipy.sparse.coo_array((1 << 30, 1 << 20)))


@pytest.mark.parametrize("given", [(r for r in X), map(list, X), {1.0, 0.0}, {"a": 1}.values()])
def test_what_can_be_read_but_once_is_refused_with_the_cure(given: Any) -> None:
    for enter in (machine().train, machine().transform, lambda x: real(x, "`v`")):
        with pytest.raises(bmdsl.BmError, match=r"(?s)BM947.*np\.array\(list"):
            enter(given)
