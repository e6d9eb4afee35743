"""Panels side by side, each with axes, round numbers at them, and curves or bars inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, isfinite

import numpy as np

from ..markup.svg_curves import labels, ticks
from .canvas import DPI, Canvas, Colour, pixels
from .colours import BLUE, GRID, coloured

COLUMNS = 4
WIDTH, HEIGHT = 3.2, 2.4
LEFT, RIGHT, BOTTOM, TOP = 0.58, 0.08, 0.48, 0.3
"""Inches of a panel that its numbers, labels and title take."""
PAD = 0.05
"""Share of the axes between their ends and the outermost points."""
TICKS, TICKS_OF_BAR = 6, 8
"""Spaces between round numbers at most, of axes and of a bar of colours."""
NUMBERS, LABELS, TITLE = 7.0, 8.0, 9.0
"""Points of letters."""
MARK, GAP = 3.5, 3.5
"""Points of a tick, and between it and its number."""
BAR = 24
"""Pixels of a bar of colours."""


@dataclass
class Panel:
    """Axes on a canvas; `x` and `y` are the numbers at their ends. All else is in pixels."""

    canvas: Canvas
    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    """The number at the foot, and that at the top, which may be the lower one."""

    def span(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Axes that hold these numbers, with some space about them."""
        self.x, self.y = _padded(x), _padded(y)

    def across(self, x: float) -> float:
        """The pixel of a number of the horizontal axis."""
        low, high = self.x
        return self.left + (self.right - self.left) * (x - low) / (high - low)

    def down(self, y: float) -> float:
        """The pixel of a number of the vertical axis."""
        low, high = self.y
        return self.bottom - (self.bottom - self.top) * (y - low) / (high - low)

    def axes(
        self,
        title: str,
        x_label: str = "",
        y_label: str = "",
        whole: str = "",
        grid: bool = True,
    ) -> None:
        """The axes and what stands about them, to be drawn before what is inside. `whole`: `x`, or
        `xy`, the axes that have whole numbers alone.
        """
        canvas, mark, space = self.canvas, pixels(MARK), pixels(MARK + GAP)
        across, down = round_numbers(*self.x, "x" in whole), round_numbers(*self.y, "y" in whole)
        for x in across if grid else ():
            canvas.fill(self.across(x), self.top, self.across(x) + 1, self.bottom, GRID)
        for y in down if grid else ():
            canvas.fill(self.left, self.down(y), self.right, self.down(y) + 1, GRID)
        canvas.fill(self.left - 1, self.top, self.left + 1, self.bottom + 1)
        canvas.fill(self.left - 1, self.bottom - 1, self.right, self.bottom + 1)
        for x, text in zip(across, labels(across), strict=True):
            at = self.across(x)
            canvas.fill(at - 1, self.bottom, at + 1, self.bottom + mark)
            canvas.text(at, self.bottom + space, text, NUMBERS, "ma")
        for y, text in zip(down, labels(down), strict=True):
            at = self.down(y)
            canvas.fill(self.left - mark, at - 1, self.left, at + 1)
            canvas.text(self.left - space, at, text, NUMBERS, "rm")
        middle = (self.left + self.right) / 2
        canvas.text(middle, self.top - pixels(6), title, TITLE, "ms")
        canvas.text(middle, self.bottom + pixels(17), x_label, LABELS, "ma")
        if y_label:
            place = self.left - 0.45 * DPI, (self.top + self.bottom) / 2
            canvas.text(*place, y_label, LABELS, upright=True)

    def curve(
        self,
        points: Sequence[tuple[float, float]],
        colour: Colour = BLUE,
        width: float = 1.4,
        dots: float = 0.0,
    ) -> None:
        """A line from point to point, `width` and `dots` in points of the page; it is broken where
        a number is not finite.
        """
        parts = groupby(points, lambda p: isfinite(p[0]) and isfinite(p[1]))
        found = [[(self.across(x), self.down(y)) for x, y in part] for good, part in parts if good]
        room = pixels(2)
        box = self.left - room, self.top - room, self.right + room, self.bottom + room
        self.canvas.strokes(found, box, width, colour, dots)

    def errors(
        self, points: Sequence[tuple[float, float, float]], colour: Colour = BLUE, cap: float = 2.0
    ) -> None:
        """At every x a bar from y − error to y + error, its ends `cap` points to either side."""
        side = pixels(cap)
        for x, y, error in points:
            if not (isfinite(y) and isfinite(error)):
                continue
            at, high, low = self.across(x), self.down(y + error), self.down(y - error)
            self.canvas.fill(at - 1, high, at + 1, low, colour)
            for end in (high, low):
                self.canvas.fill(at - side, end - 1, at + side, end + 1, colour)

    def bars(self, edges: Sequence[float], heights: Sequence[float], colour: Colour = BLUE) -> None:
        """Rectangles from 0 to each height, between neighbouring edges."""
        ends = [round(self.across(x)) for x in edges]
        for k, height in enumerate(heights):
            if height:
                self.canvas.fill(ends[k], self.down(height), ends[k + 1], self.down(0), colour)

    def dashes(
        self, colour: Colour, x: float | None = None, y: float | None = None, width: int = 2
    ) -> None:
        """A dashed line through all of the axes at one x or one y."""
        step, part = pixels(5.3), pixels(3.7)
        if x is not None:
            at = self.across(x)
            for k in range(ceil((self.bottom - self.top) / step)):
                end = self.bottom - k * step
                self.canvas.fill(at - 1, max(self.top, end - part), at - 1 + width, end, colour)
        if y is not None:
            at = self.down(y)
            for k in range(ceil((self.right - self.left) / step)):
                begin = self.left + k * step
                end = min(self.right, begin + part)
                self.canvas.fill(begin, at - 1, end, at - 1 + width, colour)


def round_numbers(first: float, last: float, whole: bool = False, most: int = TICKS) -> list[float]:
    """Places for numbers between the ends of an axis."""
    low, high = min(first, last), max(first, last)
    found = [0.0 if abs(x) < 1e-9 * (high - low) else x for x in ticks(low, high, most)]
    return [x for x in found if not whole or x == round(x)]


def _padded(values: Sequence[float]) -> tuple[float, float]:
    kept = [float(x) for x in values if isfinite(x)] or [0.0]
    low, high = min(kept), max(kept)
    if low == high:
        room = 0.05 * (abs(low) or 1.0)
        return low - room, high + room
    return low - PAD * (high - low), high + PAD * (high - low)


def panels(
    count: int, width: float = WIDTH, height: float = HEIGHT, large: bool = False
) -> tuple[Canvas, list[Panel]]:
    """A canvas of `count` panels of this size (inches) in rows of COLUMNS, and their axes. `large`:
    the first one is as large as four, to the left of others.
    """
    places = _places(count, large)
    columns, rows = (max(x[k] + x[2] for x in places) for k in (1, 0))
    canvas = Canvas(round(width * columns * DPI), round(height * rows * DPI))
    out = []
    for row, column, size in places:
        sides = (
            (column * width + LEFT, row * height + TOP),
            ((column + size) * width - RIGHT, (row + size) * height - BOTTOM),
        )
        (left, top), (right, bottom) = ((round(x * DPI), round(y * DPI)) for x, y in sides)
        out.append(Panel(canvas, left, top, right, bottom))
    return canvas, out


def _places(count: int, large: bool) -> list[tuple[int, int, int]]:
    """Row and column of every panel, and how many it goes over."""
    cells = [(k // COLUMNS, k % COLUMNS, 1) for k in range(count + 4)]
    if not large:
        return cells[:count]
    return [(0, 0, 2), *(x for x in cells if x[0] > 1 or x[1] > 1)][:count]


def colour_bar(
    canvas: Canvas,
    left: float,
    top: float,
    height: float,
    ends: tuple[float, float],
    scale: tuple[Colour, ...],
    label: str = "",
) -> None:
    """A bar of a scale's colours from `ends`' first number at its foot to the last at its top."""
    low, high = ends
    rows = max(1, round(height))
    shades = coloured(np.linspace(1, 0, rows)[:, None].repeat(BAR, 1), scale)
    canvas.put(shades, left, top)
    right, bottom = round(left) + BAR, round(top) + rows
    canvas.frame(left, top, right, bottom)
    at, widest = round_numbers(low, high, most=TICKS_OF_BAR), 0
    for x, text in zip(at, labels(at), strict=True):
        y = bottom - rows * (x - low) / (high - low)
        canvas.fill(right, y - 1, right + pixels(MARK), y + 1)
        canvas.text(right + pixels(MARK + GAP), y, text, NUMBERS, "lm")
        widest = max(widest, len(text))
    if label:
        place = right + pixels(MARK + GAP + LABELS) + 0.65 * pixels(NUMBERS) * widest
        canvas.text(place, (top + bottom) / 2, label, LABELS, upright=True)
