"""Windows of time series: every frame with those before it, none across a boundary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.data.series import split_windows, windows
from bmdsl.language.diagnostics import BmError


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    T=st.integers(1, 4),
    width=st.sampled_from([(), (2,), (2, 3)]),
)
def test_no_window_crosses_a_boundary(lengths: list[int], T: int, width: tuple[int, ...]) -> None:  # noqa: N803
    series = [
        np.arange(n, dtype=float).reshape(-1, *(1,) * len(width)) + 100 * k + np.zeros(width)
        for k, n in enumerate(lengths)
    ]
    expected = [(s[t - T : t], s[t]) for s in series for t in range(T, len(s))]
    gap = np.full((1, *width), np.nan)
    forms = (
        {"x": series},
        {"x": np.concatenate([p for s in series for p in (s, gap)])},
        {"x": np.concatenate([gap, gap, *(p for s in series for p in (s, gap, gap))])},
        {"x": np.concatenate(series), "boundaries": np.cumsum(lengths)[:-1].tolist()},
    )
    for form in forms:
        if not expected:
            with pytest.raises(BmError, match="BM824"):
                windows(T=T, **form)
            continue
        found = windows(T=T, **form)
        np.testing.assert_array_equal(found["past"], np.stack([p for p, _ in expected]))
        np.testing.assert_array_equal(found["v"], np.stack([v for _, v in expected]))


def test_a_frame_that_is_missing_in_part_stays() -> None:
    found = windows(np.array([[1.0, 2.0], [np.nan, 3.0], [4.0, 5.0]]), 1)
    assert len(found["v"]) == 2 and np.isnan(found["v"][0, 0])


def test_what_makes_no_windows_is_refused() -> None:
    for code, x, T in (
        ("BM822", np.ones(5), 0),
        ("BM823", [np.ones((3, 2)), np.ones((3, 1))], 1),
        ("BM824", np.ones(3), 3),
    ):  # noqa: N806
        with pytest.raises(BmError, match=code):
            windows(x, T)
    assert split_windows("a b.npy:x windows( 3 )") == ("a b.npy:x", 3)
    assert split_windows("windows.npy") == ("windows.npy", None)
    with pytest.raises(BmError, match="BM822"):
        split_windows("a.npy windows(x)")
