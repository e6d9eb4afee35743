"""Contractions of a tensor of three axes against einsum: every axis, with and without a one-of-K
state.
"""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.kernels import tensors

SIZES, ROWS = (5, 4, 6), 70
LETTERS = "abc"


def states(hot: int | None, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    generator = np.random.default_rng(seed)
    xs = [(generator.random((ROWS, n)) < 0.5).astype(np.float64) for n in SIZES]
    codes: list[np.ndarray | None] = [None] * 3
    if hot is not None:
        xs[hot] = np.eye(SIZES[hot])[generator.integers(0, SIZES[hot], ROWS)]
        codes[hot] = tensors.codes_of(xs[hot])
    return xs, codes


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("hot", [None, 0, 1, 2])
@pytest.mark.parametrize("target", [0, 1, 2])
def test_a_field_is_the_contraction_of_both_other_axes(
    target: int, hot: int | None, plain: bool
) -> None:
    w = np.random.default_rng(1).normal(size=SIZES)
    xs, codes = states(hot)
    a, b = (n for n in range(3) if n != target)
    out = np.ones((ROWS, SIZES[target]))
    tensors.add_field(w, target, (xs[a], xs[b]), (codes[a], codes[b]), out, -0.5, plain)
    wanted = 1 - 0.5 * np.einsum(
        f"abc,r{LETTERS[a]},r{LETTERS[b]}->r{LETTERS[target]}", w, xs[a], xs[b]
    )
    np.testing.assert_allclose(out, wanted, atol=1e-12)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("hot", [None, 0, 1, 2])
def test_a_moment_is_the_sum_of_outer_products(hot: int | None, plain: bool) -> None:
    xs, codes = states(hot)
    weights = np.random.default_rng(2).random(ROWS)
    out = np.ones(SIZES)
    tensors.add_moment(out, (xs[0] * weights[:, None], xs[1], xs[2]), codes, 0.7, plain)
    np.testing.assert_allclose(
        out, 1 + 0.7 * np.einsum("r,ra,rb,rc->abc", weights, *xs), atol=1e-12
    )


def test_all_states_at_once_are_the_fields_of_each() -> None:
    w, xs = np.random.default_rng(1).normal(size=SIZES), states(None)[0]
    np.testing.assert_allclose(
        tensors.all_fields(w, xs[0], 2.0, False), 2 * np.einsum("abc,ra->rbc", w, xs[0]), atol=1e-12
    )


def test_a_mean_is_no_state() -> None:
    assert tensors.codes_of(np.array([[0.0, 1.0], [0.5, 0.5]])) is None
    codes = tensors.codes_of(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert codes is not None and codes.tolist() == [1, 0]
