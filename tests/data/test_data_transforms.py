"""Transforms: each by its formula, and all by what every transform must keep."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.data.streams.bytewise import table_of
from bmdsl.data.transform import Fitted, fit
from bmdsl.language.diagnostics import BmError
from bmdsl.registry import discover

ALL = discover("bmdsl.data.transforms")
OF_ZEROS = {"log": {"shift": 1.0}}
"""Options with which a transform takes zeros, where its defaults do not."""


def run(values, *steps, seed: int = 0, reference=None):
    made, result = fit(
        np.asarray(values if reference is None else reference), steps, np.random.default_rng(seed)
    )
    return (
        result if reference is None else made.apply(np.asarray(values), np.random.default_rng(seed))
    )


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, bool])
def test_every_transform_keeps_shape_and_input_and_makes_floats(name: str, dtype: type):
    values = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    before = values.copy()
    result = run(values, (name, OF_ZEROS.get(name, {})))
    np.testing.assert_array_equal(values, before)
    assert result.shape == values.shape and result.dtype == (
        np.float64 if dtype is np.float64 else np.float32
    )
    assert np.isfinite(result).all() and ALL[name].WORD.summary


@pytest.mark.parametrize(
    "name", sorted(set(ALL) - {"whiten"})
)  # which mixes all features of a case, and refuses gaps
def test_every_transform_keeps_missing_values_missing(name: str):
    result = run([[0.0, np.nan], [1.0, 0.5], [np.nan, 0.0]], (name, OF_ZEROS.get(name, {})))
    assert np.isnan(result).tolist() == [[False, True], [False, False], [True, False]]


def test_binarize_threshold_is_strict():
    assert run([[0.5, 0.51, 0.0]], ("binarize", {})).tolist() == [[0, 1, 0]]
    assert run([[127, 128]], ("binarize", {"at": 127})).tolist() == [[0, 1]]


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "u2", "i8", "u8", "f2", "f8"])
@pytest.mark.parametrize("at", [0.4, 1, -1.5, 300, 1e30])
def test_binarize_of_whole_numbers_is_that_of_the_same_as_floats(dtype, at):
    known = np.array([[0, 1, 1], [1, 0, 1]]) if dtype == "?" else np.array([[0, 1, 2], [100, 3, 7]])
    found = run(known.astype(dtype), ("binarize", {"at": at}))
    assert found.dtype.kind == "f" and found.tolist() == (known > at).astype(float).tolist()
    assert run(known[:0].astype(dtype), ("binarize", {"at": at})).shape == (0, 3)


def test_binarize_stochastic_has_the_values_as_means():
    n, p = 40_000, np.array([0.0, 0.3, 1.0])
    drawn = run(np.tile(p, (n, 1)), ("binarize", {"how": "stochastic"}))
    mean = drawn.mean(axis=0)
    assert mean[0] == 0 and mean[2] == 1
    # five standard deviations: an error rate of 6e-7
    assert abs(mean[1] - 0.3) < 5 * np.sqrt(0.3 * 0.7 / n)
    again = run(np.tile(p, (n, 1)), ("binarize", {"how": "stochastic"}))
    np.testing.assert_array_equal(drawn, again)


def test_binarize_stochastic_refuses_what_is_no_probability():
    with pytest.raises(BmError, match="BM721"):
        run([[0.0, 2.0]], ("binarize", {"how": "stochastic"}))


def test_standardize_gives_mean_zero_variance_one_and_leaves_constants_at_zero():
    x = np.random.default_rng(1).normal(5, 3, (200, 3))
    x[:, 1] = 0.1
    z = run(x, ("standardize", {}))
    np.testing.assert_allclose(z[:, [0, 2]].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z[:, [0, 2]].std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(z[:, 1], 0, atol=1e-12)


def test_standardize_with_a_feature_that_is_missing_throughout_warns_of_nothing():
    with np.errstate(all="raise"):
        z = run([[np.nan, 1.0], [np.nan, 3.0]], ("standardize", {}))
    assert np.isnan(z[:, 0]).all() and z[:, 1].tolist() == [-1, 1]


def test_whitened_features_have_no_correlation():
    x = (
        np.random.default_rng(0).normal(size=(500, 2, 3))
        @ np.array([[1.0, 0.8, 0], [0, 0.2, 0.1], [0, 0, 2.0]])
        + 5
    )
    z = run(x, ("whiten", {"ridge": 0}))
    assert z.shape == x.shape
    flat = z.reshape(500, 6)
    np.testing.assert_allclose(np.cov(flat.T, bias=True), np.eye(6), atol=1e-10)
    assert (
        np.corrcoef(flat.T, x.reshape(500, 6).T)[:6, 6:].diagonal() > 0.5
    ).all()  # each feature stays near what it was


def test_whitening_test_data_takes_the_training_data_s_axes_and_gaps_are_refused():
    train, test = np.random.default_rng(0).normal(size=(50, 2)) * [1, 9], np.array([[0.0, 9.0]])
    whole = run(np.concatenate([train, test]), ("whiten", {}), reference=train)
    np.testing.assert_allclose(run(test, ("whiten", {}), reference=train), whole[-1:], atol=1e-12)
    with pytest.raises(BmError, match="BM721"):
        run([[np.nan, 1.0], [1.0, 2.0]], ("whiten", {}))
    with pytest.raises(BmError, match="BM721"):
        run([[1.0, 2.0], [1.0, 2.0]], ("whiten", {}))


def test_a_threshold_that_is_proposed_for_bytes_lies_among_them():
    with pytest.raises(BmError, match="BM721") as error:
        run(np.array([[200, 250]], np.uint8), ("binarize", {}))
    assert "at = 225" in str(error.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool])
def test_bytes_are_looked_up_as_transforms_take_them(dtype: type):
    """Each alone: numbers that `binarize` refuses have none, all others are what it makes."""
    x = np.arange(255).astype(np.uint8).view(np.int8 if dtype is np.int8 else np.uint8)
    x = (x > 3) if dtype is bool else x
    for steps in (("binarize", {"at": 60.0}),), (("log", {"shift": 129.0}), ("scale", {})):
        fitted, whole = fit(x, steps, np.random.default_rng(0))
        table = table_of(fitted, x.dtype)
        np.testing.assert_array_equal(table.of(x), whole)
    halves = table_of(Fitted.of((("binarize", {}),), {}), np.dtype(np.uint8))
    assert halves.of(np.array([0, 1], np.uint8)).tolist() == [0, 1]
    assert np.isnan(halves.values[2:]).all()
    for name, options in (("binarize", {"how": "stochastic"}), ("equal_mean", {})):
        assert table_of(Fitted.of(((name, options),), {}), np.dtype(np.uint8)) is None
    assert table_of(Fitted.of((("as_means", {}),), {}), np.dtype(np.float32)) is None


def test_scale_reaches_both_ends():
    x = run(np.array([[0, 51], [255, 102]], dtype=np.uint8), ("scale", {}))
    np.testing.assert_allclose(x, [[0, 0.2], [1, 0.4]], rtol=1e-6)
    assert run([[3.0, 7.0]], ("scale", {"lo": -1, "hi": 1})).tolist() == [[-1, 1]]


@pytest.mark.parametrize(
    ("values", "options"),
    [([[2.0, 2.0]], {}), ([[np.nan]], {}), ([[0.0, 1.0]], {"lo": 1, "hi": 1})],
)
def test_scale_refuses_constants_and_empty_intervals(values, options):
    with pytest.raises(BmError, match="BM721"):
        run(values, ("scale", options))


def test_test_data_are_mapped_as_the_training_data_were():
    train, test = np.array([[0.0], [10.0]]), np.array([[5.0], [20.0]])
    assert run(test, ("scale", {}), reference=train).tolist() == [[0.5], [2.0]]
    assert run(test, ("scale", {}), ("standardize", {}), reference=train).tolist() == [[0.0], [3.0]]


def test_unknown_transform_suggests_the_nearest():
    with pytest.raises(BmError, match="did you mean `scale`"):
        run([[1.0]], ("scael", {}))


LEARNING = sorted(n for n, m in ALL.items() if hasattr(m, "fit"))
INVERTIBLE = sorted(n for n, m in ALL.items() if hasattr(m, "invert"))


def fitted(name: str, x: np.ndarray, weights: np.ndarray | None = None) -> Fitted:
    return fit(x, [(name, {})], np.random.default_rng(0), weights)[0]


def test_each_kind_has_members():
    assert {"standardize", "whiten", "scale", "equal_mean"} <= set(LEARNING)
    assert {"standardize", "whiten", "scale", "as_means"} <= set(INVERTIBLE)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_case_is_mapped_the_same_alone_as_among_the_training_cases(name: str):
    x = np.random.default_rng(0).random((20, 4))
    options = {"at": 0.4} if name == "binarize" else {}
    made, mapped = fit(x, [(name, options)], np.random.default_rng(0))
    stored = Fitted.of([(name, options)], made.arrays())
    alone = np.concatenate([stored.apply(row[None], np.random.default_rng(0)) for row in x])
    np.testing.assert_allclose(alone, mapped, rtol=1e-12)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_the_inverse_gives_the_values_back(name: str):
    x = np.random.default_rng(0).normal(7, 2, (20, 2, 3))
    new = np.random.default_rng(1).normal(9, 3, (5, 2, 3))
    made = fit(x, [(name, {}), ("scale", {"lo": -1})], np.random.default_rng(0))[0]
    np.testing.assert_allclose(
        made.invert(made.apply(new, np.random.default_rng(0))), new, rtol=1e-9
    )


def test_what_has_no_inverse_says_so():
    made = fit(np.eye(3), [("scale", {}), ("binarize", {})], np.random.default_rng(0))[0]
    with pytest.raises(BmError, match=r"BM780.*`binarize`"):
        made.invert(np.eye(3))


@pytest.mark.parametrize("name", LEARNING)
def test_a_case_of_weight_two_is_two_cases_and_weights_have_no_scale(name: str):
    x = np.random.default_rng(0).random((12, 3))
    weights = np.random.default_rng(1).integers(1, 4, 12)
    twice = fitted(name, np.repeat(x, weights, axis=0)).steps[0].learned
    for scale in (1.0, 0.1):
        weighed = fitted(name, x, scale * weights).steps[0].learned
        for key, value in twice.items():
            np.testing.assert_allclose(weighed[key], value, rtol=1e-10, atol=1e-12)


def test_a_logarithm_wants_positive_values():
    with pytest.raises(BmError, match=r"(?s)BM721.*above 0.*shift = 1"):
        run([[0.0, 2.0]], ("log", {}))
    assert run([[np.e - 1]], ("log", {"shift": 1.0})).item() == pytest.approx(1)
