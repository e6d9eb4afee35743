"""Masks of every form, filled in for every visible group: known entries stay, others are means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl

Array = np.ndarray
LABELLED = """model m { given x[2] : gaussian  visible v[3] : binary  visible y[2] : categorical(3)
  visible s[2] : spin  hidden h[2] : binary  param W, A, B, C  energy = - W[i,j] v[i] h[j]
  - A[u,k,j] y[u,k] h[j] - B[k,j] x[k] h[j] - C[i,j] s[i] h[j] }"""


@pytest.fixture(scope="module")
def labelled() -> bmdsl.Machine:
    m = bmdsl.parse(LABELLED).compile(seed=1, dtype="float64", backend="reference")
    for k, (n, x) in enumerate(m.params.items()):
        m.params[n] = np.random.default_rng(k).normal(0, 0.7, x.shape)
    return m


def cases() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=(4, 2)),
        "v": (rng.random((4, 3)) < 0.5).astype(float),
        "y": np.eye(3)[rng.integers(0, 3, (4, 2))],
        "s": np.where(rng.random((4, 2)) < 0.5, -1.0, 1.0),
    }


V = np.array([True, False, False])
Y = np.array([False, True])  # an entry a unit of three numbers
EVERY: dict[str, Array] = {
    "v": np.broadcast_to(V, (4, 3)),
    "y": np.broadcast_to(Y[None, :, None], (4, 2, 3)),
    "s": np.zeros((4, 2), bool),
}
NONE = {n: np.zeros_like(x) for n, x in EVERY.items()}
ROW = np.array([[True], [False], [False], [True]])
FORMS: dict[str, tuple[Any, dict[str, Array]]] = {
    "a dict": ({"v": V, "y": Y}, EVERY),
    "a dict of all entries": (dict(EVERY), EVERY),
    "ones and zeros": ({"v": V.astype(int), "y": EVERY["y"].astype(float)}, EVERY),
    "lists": ({"v": V.tolist(), "y": Y.tolist()}, EVERY),
    "flat": ({"y": EVERY["y"].reshape(4, 6), "v": V}, EVERY),
    "one group": ({"y": Y}, NONE | {"y": EVERY["y"]}),
    "an array that fits one group": (V, NONE | {"v": EVERY["v"]}),
    "nothing": (None, NONE),
    "nan": ("nan", NONE),
    "a dict of nan": ({"v": "nan", "y": None}, NONE),
    "False": (False, NONE),
    "whole cases": ({"v": ROW}, NONE | {"v": np.broadcast_to(ROW, (4, 3))}),
}


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_known_entries_stay_and_others_are_means(
    form: str, gap: bool, labelled: bmdsl.Machine
) -> None:
    mask, wanted = FORMS[form]
    data = cases()
    if gap:  # what is NaN is missing beside any mask
        data["v"][2, 1], data["y"][0, 0] = np.nan, np.nan
    found = labelled.impute(data, mask, steps=4)
    assert isinstance(found, dict) and list(found) == ["v", "y", "s"]
    for n, x in found.items():
        hole = wanted[n] | np.isnan(data[n])
        assert x.shape == data[n].shape and np.isfinite(x).all()
        np.testing.assert_array_equal(x[~hole], data[n][~hole])
        assert not hole.any() or (x[hole] != data[n][hole]).all()
    np.testing.assert_allclose(found["y"].sum(2), 1, atol=1e-9)


WRONG: dict[str, tuple[Any, str]] = {
    "a hidden group": ({"h": V}, "BM786.*`h`, which is not visible"),
    "a given group": ({"x": V}, "BM786.*`x`, which is not visible"),
    "no group": ({"w": V}, "BM786.*`w`.*has not"),
    "a text": ("all", "BM786.*`all`"),
    "a text of a group": ({"v": "holes"}, "BM786.*`holes`"),
    "an array for several": (np.zeros((4, 2), bool), r"(?s)BM786.*`y` or `s`.*\{'v': mask\}"),
    "an array for none": (np.zeros(7, bool), "BM786.*no visible group"),
    "another shape": ({"v": np.zeros((4, 2))}, "BM777.*shape"),
    "means": ({"v": np.full(3, 0.5)}, "BM777.*True"),
    "texts": ({"v": np.array(["a", "b", "c"])}, "BM770.*mask"),
    "part of a unit": ({"y": np.eye(4, 6).astype(bool).reshape(4, 2, 3)}, "BM882.*`y`"),
    "objects": ({"v": object()}, "BM770.*mask"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_masks_that_do_not_fit_are_refused(wrong: str, labelled: bmdsl.Machine) -> None:
    mask, said = WRONG[wrong]
    with pytest.raises(bmdsl.BmError, match=said):
        labelled.impute(cases(), mask, steps=2)


def test_several_groups_are_filled_in_by_their_joint_posterior() -> None:
    """Two coupled units of two groups, both missing, beside one seen: four states."""
    m = bmdsl.parse("""model m { visible a : binary  visible b[2] : spin  param J, K
      energy = - J a b[0] - K b[0] b[1] - 0.4 a }""").compile(
        seed=0, dtype="float64", backend="reference"
    )
    m.params["J"], m.params["K"] = 0.8, 0.9
    n = 80
    data = {"a": np.full(n, np.nan), "b": np.tile([np.nan, 1.0], (n, 1))}
    w = {(a, s): np.exp(0.8 * a * s + 0.9 * s + 0.4 * a) for a in (0, 1) for s in (-1, 1)}
    total = sum(w.values())
    found = m.impute(data, steps=30)
    assert isinstance(found, dict)
    assert (found["b"][:, 1] == 1).all()
    for x, mean in (
        (found["a"], (w[1, -1] + w[1, 1]) / total),
        (found["b"][:, 0], (w[0, 1] + w[1, 1] - w[0, -1] - w[1, -1]) / total),
    ):
        assert x.mean() == pytest.approx(mean, abs=6 * x.std() / np.sqrt(n))
