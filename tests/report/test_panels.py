"""Panels put numbers where their axes say that they are, and nothing where there is none."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bmdsl.report.canvas import Canvas
from bmdsl.report.colours import BLUE, ORANGE, RED_AND_BLUE, coloured
from bmdsl.report.panels import panels, round_numbers
from bmdsl.report.plots import histograms, usage


def inked(canvas: Canvas, colour: tuple[int, int, int] = BLUE) -> np.ndarray:
    """[height, width]: where a canvas has a colour."""
    return np.asarray((np.asarray(canvas.image) == colour).all(2))


def test_a_curve_goes_through_its_points_and_is_broken_where_there_is_none() -> None:
    canvas, (_, panel) = panels(2)
    points = [(1.0, 5.0), (2.0, -3.0), (3.0, math.nan), (4.0, 1.0), (5.0, 2.0)]
    panel.span([x for x, _ in points], [y for _, y in points])
    panel.curve(points)
    found = inked(canvas)
    for (x, y), (u, v) in zip(points, points[1:], strict=False):
        at = panel.across((x + u) / 2), panel.down((y + v) / 2)
        if math.isfinite(y + v):
            assert found[round(at[1]), round(at[0])]
    gap = slice(round(panel.across(2.1)), round(panel.across(3.9)))
    assert not found[:, gap].any() and not found[:, : canvas.image.width // 2].any()
    rows = np.flatnonzero(found.any(1))
    assert abs(rows[0] - panel.down(5.0)) < 4 and abs(rows[-1] - panel.down(-3.0)) < 4


def test_bars_reach_from_nothing_to_their_heights() -> None:
    canvas, (panel,) = panels(1)
    panel.x, panel.y = (0.0, 3.0), (0.0, 10.0)
    panel.bars((0, 1, 2, 3), (4.0, 0.0, 8.0))
    found = inked(canvas)
    for k, height in enumerate((4.0, 0.0, 8.0)):
        column = found[:, round(panel.across(k + 0.5))]
        assert abs(column.sum() - (panel.down(0) - panel.down(height))) <= 1


def test_errors_are_as_long_as_they_are() -> None:
    canvas, (panel,) = panels(1)
    panel.x, panel.y = (0.0, 3.0), (0.0, 10.0)
    panel.errors([(1.0, 5.0, 2.0), (2.0, math.nan, 1.0)])
    rows = np.flatnonzero(inked(canvas)[:, round(panel.across(1.0))])
    assert abs(rows[0] - panel.down(7.0)) <= 1 and abs(rows[-1] - panel.down(3.0)) <= 1
    assert not inked(canvas)[:, round(panel.across(1.5)) :].any()


@pytest.mark.parametrize("ends", [(0.0, 1.0), (-3e-7, 2e-7), (11.5, -0.5), (1e6, 1.0001e6)])
def test_numbers_at_an_axis_lie_on_it_evenly_and_whole_ones_are_whole(
    ends: tuple[float, float],
) -> None:
    found = round_numbers(*ends)
    room = 1e-9 * abs(ends[1] - ends[0])
    assert 2 <= len(found) <= 8
    assert all(min(ends) - room <= x <= max(ends) + room for x in found)
    np.testing.assert_allclose(np.diff(found), np.diff(found)[0], rtol=1e-6)
    assert all(x == round(x) for x in round_numbers(*ends, True))


def test_colours_of_a_scale_are_its_own_at_both_ends_and_in_the_middle() -> None:
    found = coloured(np.array([[0.0, 0.5, 1.0, np.nan, 7.0]]), RED_AND_BLUE, 9)
    ends = [RED_AND_BLUE[k] for k in (0, 5, 10)]
    assert np.abs(found[0, :3].astype(int) - ends).max() <= 1
    assert (found[0, 3] == 9).all() and (found[0, 4] == found[0, 2]).all()


def test_a_histogram_marks_its_mean_and_names_of_any_letters_are_drawn(tmp_path: Path) -> None:
    x = np.array([0.2, 0.2, 1.0])
    histograms({"$W_1": x, "Größe": x}, tmp_path / "n.png", "norm")
    found = np.asarray(Image.open(tmp_path / "n.png"))
    dashes = np.flatnonzero((found == ORANGE).all(2).any(0))
    assert len(dashes) == 4  # two pixels wide in each of two panels


def test_of_the_use_of_states_each_epoch_is_a_column(tmp_path: Path) -> None:
    shares = np.eye(3)[[0, 2, 1, 0]]
    lines = [{"epoch": k + 1, "usage_z": list(x), "entropy_z": 0.0} for k, x in enumerate(shares)]
    usage(lines, "z", tmp_path / "u.png")
    found = np.asarray(Image.open(tmp_path / "u.png")).astype(int).sum(2)
    canvas, (panel, _) = panels(2, 4.0, 2.8)
    assert canvas.image.size == found.shape[::-1]
    left, right, top, bottom = panel.left, panel.right - 104, panel.top, panel.bottom
    for k, x in enumerate(shares):
        column = round(left + (right - left) * (k + 0.5) / 4)
        rows = [round(top + (bottom - top) * (j + 0.5) / 3) for j in range(3)]
        assert np.argmin(found[rows, column]) == np.argmax(x)


def test_a_large_panel_has_the_place_of_four_and_others_stand_beside_and_below() -> None:
    canvas, (first, *others) = panels(7, large=True)
    small = others[0].right - others[0].left
    assert first.right - first.left > 2 * small and others[0].left > first.right
    assert others[1].right < canvas.image.width and others[2].left == others[0].left
    assert others[3].bottom == first.bottom
    assert others[4].left == first.left and others[4].top > first.bottom
    assert others[4].bottom < canvas.image.height
