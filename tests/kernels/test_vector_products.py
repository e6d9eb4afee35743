"""Products by vector registers against sums in float64, and what multiplies on which processor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.kernels import blas, gemm
from bmdsl.kernels.blas import SIGNATURE
from bmdsl.kernels.register_blocks import FUSED, HIGH
from bmdsl.kernels.vector_products import DEPTH, LARGE, doubles, large_doubles, singles
from bmdsl.native.symbols import enter

needs_registers = pytest.mark.skipif(not FUSED, reason="BLAS multiplies on this processor")
ROOM = 7.0
"""What stands around a matrix, and is to stay there."""


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    blas.load_blas()
    named = {"f": singles, "d": doubles, "large": large_doubles}
    return {n: enter(f"bm_test_{n}_product", f.py_func, SIGNATURE.args) for n, f in named.items()}


def _within(rows: int, columns: int, around: int, x: np.ndarray) -> np.ndarray:
    """The same numbers as part of a wider matrix, whose other numbers no product may touch."""
    whole = np.full((rows + 2, columns + around), ROOM, x.dtype)
    whole[1 : rows + 1, around : around + columns] = x
    return whole[1 : rows + 1, around : around + columns]


def _multiply(
    function: Any, a: np.ndarray, b: np.ndarray, out: np.ndarray, turned: Any, factors: np.ndarray
) -> None:
    """out = factors[0] · op(a) op(b) + factors[1] · out, as BLAS is called for row-major arrays."""
    kind = ord("s" if out.dtype == np.float32 else "d")
    m, n = out.shape
    k = a.shape[0] if turned[0] else a.shape[1]
    letters = [ord("t" if x else "n") for x in turned]
    lines = [x.strides[0] // x.itemsize for x in (a, b, out)]
    at_a, at_b, at_out = (x.ctypes.data for x in (a, b, out))
    alpha, beta = factors[:1].ctypes.data, factors[1:].ctypes.data
    given_ = [kind, letters[1], letters[0], n, m, k, alpha, at_b, lines[1], at_a, lines[0]]
    assert function(*given_, beta, at_out, lines[2]) == 0


sizes = st.integers(1, 3 * HIGH) | st.integers(1, 80)


@needs_registers
@given(
    m=sizes,
    n=sizes,
    k=st.integers(0, 80) | st.integers(DEPTH - 2, 2 * DEPTH + 3),
    turned=st.tuples(st.booleans(), st.booleans()),
    letter=st.sampled_from("fd"),
    keep=st.sampled_from([0.0, 1.0, 0.5]),
    around=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=300, deadline=None)
def test_a_product_is_the_sum_of_products_and_nothing_else_is_touched(
    functions: dict[str, Any],
    m: int,
    n: int,
    k: int,
    turned: tuple[bool, bool],
    letter: str,
    keep: float,
    around: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    left, right, begun = (rng.normal(size=s).astype(letter) for s in ((m, k), (k, n), (m, n)))
    a = _within(*((k, m) if turned[0] else (m, k)), around, left.T if turned[0] else left)
    b = _within(*((n, k) if turned[1] else (k, n)), around, right.T if turned[1] else right)
    out = _within(m, n, around, begun if keep else np.full_like(begun, np.nan))
    factors = np.array([-0.3, keep], letter)
    _multiply(functions[letter], a, b, out, turned, factors)
    scale = float(factors[0])
    expected = scale * (left.astype(float) @ right.astype(float)) + keep * begun.astype(float)
    most = abs(scale) * (abs(left).astype(float) @ abs(right).astype(float)) + abs(keep * begun)
    assert (abs(out - expected) <= (k + 3) * np.finfo(letter).eps * most).all()
    whole = out.base
    whole[1 : m + 1, around : around + n] = ROOM
    assert (whole == ROOM).all()


@needs_registers
def test_an_entry_does_not_depend_on_the_rows_and_columns_beside_it(
    functions: dict[str, Any],
) -> None:
    rng = np.random.default_rng(1)
    for letter in "fd":
        a, b = (rng.normal(size=s).astype(letter) for s in ((37, 61), (61, 83)))
        whole, factors = np.zeros((37, 83), letter), np.array([1, 0], letter)
        _multiply(functions[letter], a, b, whole, (False, False), factors)
        for m, n in ((1, 83), (2, 5), (HIGH, 40), (HIGH + 1, 17), (37, 1)):
            part = np.zeros((m, n), letter)
            _multiply(functions[letter], a[:m], b[:, :n], part, (False, False), factors)
            np.testing.assert_array_equal(part, whole[:m, :n])


@needs_registers
def test_small_products_are_blas_own_if_it_knows_the_processor(functions: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    for m, n, k in ((5, 6, 7), (120, 110, 100)):
        assert (m * n * k > LARGE) == (m == 120)
        a, b = rng.normal(size=(m, k)), rng.normal(size=(k, n))
        out, factors = np.zeros((m, n)), np.array([1.0, 0.0])
        _multiply(functions["large"], a, b, out, (False, False), factors)
        np.testing.assert_allclose(out, a @ b, atol=1e-12)


def _chosen(monkeypatch: pytest.MonkeyPatch, letter: str, narrow: bool, **facts: bool) -> str:
    """The name of the function that is put behind the symbol of a type."""
    entered: list[Any] = []
    monkeypatch.setattr(gemm, "enter", lambda symbol, function, takes: entered.append(function))
    monkeypatch.setattr(gemm, "is_narrow", lambda: narrow)
    for name, value in facts.items():
        monkeypatch.setattr(gemm, name, value)
    gemm.use_quickest.__wrapped__(letter)
    return entered[0].__name__ if entered else "BLAS"


@pytest.mark.parametrize(
    "letter, facts, expected",
    [
        ("f", {"TILES": True, "FUSED": True, "narrow": False}, "multiply"),
        ("d", {"TILES": True, "FUSED": True, "narrow": False}, "large_doubles"),
        ("f", {"TILES": False, "FUSED": True, "narrow": False}, "large_singles"),
        ("f", {"TILES": False, "FUSED": True, "narrow": True}, "singles"),
        ("d", {"TILES": False, "FUSED": True, "narrow": True}, "doubles"),
        ("f", {"TILES": False, "FUSED": False, "narrow": True}, "BLAS"),
    ],
)
def test_what_multiplies_depends_on_the_processor_and_on_what_blas_knows_of_it(
    letter: str, facts: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _chosen(monkeypatch, letter, **facts) == expected


@pytest.mark.parametrize(
    "kinds, narrow",
    [
        ([("openblas", "Haswell")], True),
        ([("openblas", "Zen"), ("openblas", "Haswell")], True),
        ([("openblas", "SkylakeX")], False),
        ([("openblas", "Haswell"), ("openblas", "SapphireRapids")], False),
        ([("mkl", "")], False),
    ],
)
def test_a_blas_is_narrow_if_its_kernels_are_those_of_older_processors(
    kinds: list[tuple[str, str]], narrow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuple(SimpleNamespace(internal_api=x, architecture=y) for x, y in kinds)
    monkeypatch.setattr(blas, "libraries", lambda: found)
    assert blas.is_narrow() == narrow
